// Command generate makes the price book from two public collections of price
// facts, a and b, and from overrides.csv. The three files decide every byte of
// the book.
//
//	go run ./lib/accounting/price/generate --a A.csv --b B.csv
//
// Run it at the root of the repository. It says on standard error what it
// refused and where the collections disagree. Its rules, in the order in which
// they apply:
//
//  1. Only the vendors of the book are read, under the names of their kinds,
//     and only models that chat or embed. Where b says that a model does
//     something else, its rows in a are left out, too. So are price classes,
//     which are no models (together-ai-4.1b-8b).
//  2. A figure of 0 says nothing: it may mean free, unknown, or priced
//     otherwise. Only overrides.csv declares a price of 0. A row without input
//     and output is no price. Digits past the ninth decimal are noise of binary
//     fractions and rounded away, half up.
//  3. A region "default" is the list price: the row without a region. A list of
//     regions is one row each.
//  4. Implausible rows are refused: a figure over 1,000 dollars per million
//     tokens; a cache read dearer than input; a batch, flex or off-peak row
//     dearer than the same collection's standard; a long prompt cheaper than a
//     short one.
//  5. The collections agree to 1 %: the figure is taken, the higher of the two.
//     They disagree: the higher figure, and the row is for review. Only one has
//     the figure: it is taken; for review where the other's row was refused.
//  6. After merging, a long prompt costs at least what a short one does, and a
//     dearer tier at least the standard: such figures are raised, for review. A
//     tier without a row for the long prompts that standard prices apart gets
//     the dearer of its own and that, for review. A discount that came out
//     dearer than standard is dropped.
//  7. Multipliers of regions and speeds become rows of their own. A tier without
//     prices of units has those of standard.
//  8. A row of overrides.csv replaces the whole row.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, log io.Writer) error {
	const dir = "lib/accounting/price/"
	fs := flag.NewFlagSet("generate", flag.ContinueOnError)
	fs.SetOutput(log)
	a := fs.String("a", "", "first collection of price facts, a CSV `file`")
	b := fs.String("b", "", "second collection of price facts, a CSV `file`")
	overrides := fs.String("overrides", dir+"overrides.csv", "rows that somebody has looked up, a CSV `file`")
	out := fs.String("out", dir+"book.csv", "the price book, the `file` to write")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *a == "" || *b == "" || fs.NArg() > 0 {
		fs.Usage()
		return errors.New("give the two collections as --a and --b, and nothing else")
	}
	book, notes, err := generate(*a, *b, *overrides)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(log, n); err != nil {
			return err
		}
	}
	return os.WriteFile(*out, book, 0o644) //nolint:gosec // a source file that everybody may read
}

// generate returns the book made of the three files, and what is to be said
// about it.
func generate(pathA, pathB, pathOverrides string) (book []byte, notes []string, err error) {
	a, err := readSource("a", pathA)
	if err != nil {
		return nil, nil, err
	}
	b, err := readSource("b", pathB)
	if err != nil {
		return nil, nil, err
	}
	looked, err := readOverrides(pathOverrides)
	if err != nil {
		return nil, nil, err
	}
	a.dropModels(b.foreign)
	a.refuse()
	b.refuse()
	m := merge(a, b)
	m.settle()
	maps.Copy(m.rows, looked)
	notes = append(append(append(notes, a.notes...), b.notes...), m.notes...)
	return m.csv(), notes, nil
}

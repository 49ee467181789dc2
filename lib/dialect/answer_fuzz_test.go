package dialect_test

import (
	"bytes"
	"cmp"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// ownID is an id of a call that every front writes as it is; others are made
// such ones, which their own tests hold.
var ownID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// byBlock are events with each block in one piece, as a whole answer has it: a
// stream has the pieces of two open blocks as they came.
func byBlock(events []llm.Event) []llm.Event {
	index := func(ev llm.Event) int {
		if o, ok := ev.(llm.Opened); ok {
			return o.Index
		}
		if d, ok := ev.(llm.Delta); ok {
			return d.Index
		}
		return math.MaxInt
	}
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b llm.Event) int { return cmp.Compare(index(a), index(b)) })
	return sorted
}

// Whatever a provider answers, and its back takes for a whole answer, says the
// same to a caller of the other front, streamed and whole: what the front
// writes is read again.
func FuzzAnswers(f *testing.F) {
	for i, s := range speakers {
		paths, err := filepath.Glob(filepath.Join(s.name, "testdata", "stream", "*.txtar"))
		if err != nil || len(paths) == 0 {
			f.Fatalf("no streams of %s (%v)", s.name, err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			for _, section := range txtar.Parse(data).Files {
				if section.Name == "upstream.sse" {
					f.Add(byte(i), append(bytes.TrimSuffix(section.Data, []byte("\n")), '\n', '\n'))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		back, front := speakers[which%2], speakers[(which+1)%2]
		events, ok := answer(back, body)
		if !ok || !utf8.Valid(body) { // broken letters are replaced
			return
		}
		for _, ev := range events {
			if o, ok := ev.(llm.Opened); ok {
				if call, ok := o.Block.(*llm.ToolUse); ok && (!ownID.MatchString(call.CallID) || call.Name == "") {
					return // fronts give such calls an id
				}
			}
		}
		want := said(events)
		again, ok := answer(front, written(t, front, events))
		if !ok {
			t.Fatalf("what the front writes is no whole answer: %s", written(t, front, events))
		}
		if diff := gocmp.Diff(want, said(again)); diff != "" {
			t.Fatalf("streamed (-want +got):\n%s", diff)
		}
		c, err := front.back.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, whole(front, events))
		if err != nil {
			t.Fatalf("whole: %v", err)
		}
		if diff := gocmp.Diff(said(byBlock(events)), said(c.Events)); diff != "" {
			t.Fatalf("whole (-want +got):\n%s", diff)
		}
	})
}

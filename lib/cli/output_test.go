package cli

import (
	"strings"
	"testing"
)

// A caller's words never become a formula in the spreadsheet that finance
// opens; numbers stay numbers, and other texts are as they were.
func TestCSVHasNoFormulas(t *testing.T) {
	t.Parallel()
	rows := [][]string{
		{"search", "0.008775000", "-12"},
		{"=HYPERLINK(\"http://x\")", "+1+cmd|' /C calc'!A0", "@SUM(1)"},
		{"-1+1", "\t=1", "-0.5"},
		{"it's = fine", "", "Infinity"},
	}
	var b strings.Builder
	if err := writeCSV(&b, []string{"use_case", "a", "b"}, rows); err != nil {
		t.Fatal(err)
	}
	const want = "use_case,a,b\n" +
		"search,0.008775000,-12\n" +
		"\"'=HYPERLINK(\"\"http://x\"\")\",'+1+cmd|' /C calc'!A0,'@SUM(1)\n" +
		"'-1+1,'\t=1,-0.5\n" +
		"it's = fine,,Infinity\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

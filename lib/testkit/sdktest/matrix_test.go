package sdktest_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
)

// scenario is a row of the matrix: what a caller does, what a provider is made
// to answer, and what must be seen. It is run by every client before every
// target, whole and streamed, but for the cells that cannot exist.
type scenario struct {
	name string // of its tests
	// not is the rule by which a cell does not exist; empty where it does.
	not func(c *cell) string
	run func(c *cell)
	// tense cells run before providers whose silence is an end, behind
	// keep-alives.
	tense bool
}

// scenarios are all rows, by theme.
func scenarios() []scenario {
	var all []scenario
	for _, theme := range [][]scenario{texts(), toolCalls(), media(), formats(), thoughts(), caches(), parameters(), endings(), failures(), streams()} {
		all = append(all, theme...)
	}
	return all
}

// Rules by which cells do not exist.
const (
	noWordInChat     = "OpenAI's API has no word for it"
	noWordInMessages = "Anthropic's API has no word for it"
	neverSaid        = "no model of this provider answers so"
	onlyStreamed     = "only a streamed answer can"
	onlyWhole        = "only a whole answer can"
	noSuchModel      = "no model of this provider is like that"
	notWritten       = "the request is relayed, nothing is written anew"
)

func onlyChat(c *cell) string {
	if c.who.front != "chat" {
		return noWordInMessages
	}
	return ""
}

func onlyMessages(c *cell) string {
	if c.who.front != "messages" {
		return noWordInChat
	}
	return ""
}

func inStreams(c *cell) string {
	if !c.streamed {
		return onlyStreamed
	}
	return ""
}

func inWhole(c *cell) string {
	if c.streamed {
		return onlyWhole
	}
	return ""
}

// cell is one test of the matrix.
type cell struct {
	*testing.T
	*field
	scenario scenario
	who      client
	to       target
	streamed bool

	model string // upstream, the cell's own
	via   speaker
	tap   *wiretap
}

func (c *cell) mode() string {
	if c.streamed {
		return "streamed"
	}
	return "whole"
}

// lane is from where to where, as chat/openai.
func (c *cell) lane() string { return c.who.front + "/" + c.to.name }

// relayed reports whether the target speaks the caller's own API.
func (c *cell) relayed() bool {
	return (c.who.front == "chat") == (c.to.provider == "openai" || c.to.provider == "deepseek") && c.to.name != "bedrock-nova" && (c.who.front == "messages" || c.to.provider != "bedrock")
}

// numbers gives each cell its own models.
var numbers atomic.Int64

// as makes the cell ask a model of its own that behaves as name.
func (c *cell) as(name string) { c.model = fmt.Sprintf("%s-c%d", name, numbers.Add(1)) }

// dial opens another client of the cell's own.
func (c *cell) dial(header http.Header, retries int) (speaker, *wiretap) {
	tap := &wiretap{next: c.line, add: header}
	return c.who.open(access{url: c.URL, key: c.Key, client: &http.Client{Transport: tap}, retries: retries}), tap
}

//go:generate go test -run TestMatrix -update .

// Every client before every target, whole and streamed, in every scenario: see
// CONFORMANCE.md, which this test keeps.
func TestMatrix(t *testing.T) {
	t.Parallel()
	calm, tense := openField(t, false), openField(t, true)
	page := &conformance{cells: map[spot]*tally{}}
	t.Run("cells", func(t *testing.T) {
		for _, who := range clients {
			t.Run(who.name, func(t *testing.T) {
				t.Parallel()
				for _, to := range targets {
					t.Run(to.name, func(t *testing.T) {
						t.Parallel()
						runCells(t, calm, tense, who, to, page)
					})
				}
			})
		}
	})
	page.check(t)
}

func runCells(t *testing.T, calm, tense *field, who client, to target, page *conformance) {
	for _, streamed := range []bool{false, true} {
		c := cell{who: who, to: to, streamed: streamed}
		t.Run(c.mode(), func(t *testing.T) {
			t.Parallel()
			for _, s := range scenarios() {
				c := c
				c.scenario, c.field = s, calm
				if s.tense {
					c.field = tense
				}
				if s.not != nil {
					if why := s.not(&c); why != "" {
						page.skip(&c, why)
						continue
					}
				}
				page.expect(&c)
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					c.T = t
					c.as(to.model)
					c.via, c.tap = c.dial(nil, 0)
					defer func() { page.done(&c, t.Failed()) }()
					s.run(&c)
				})
			}
		})
	}
}

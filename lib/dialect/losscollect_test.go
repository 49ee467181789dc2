package dialect_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
)

// Losses and refusals name a member as its caller wrote it, once, in order.
func TestLossesSpeakTheCallersWords(t *testing.T) {
	req := &llm.Request{Paths: map[string]string{llm.FieldMaxTokens: "max_completion_tokens"}}
	l := dialect.NewLosses("test", req, dialect.Target{})
	l.Drop(llm.FieldMaxTokens, "lowered")
	l.Note("messages[0].role", "added")
	l.Drop(llm.FieldMaxTokens, "lowered again")
	want := []llm.Loss{{Field: "max_completion_tokens", Why: "lowered"}, {Field: "messages[0].role", Why: "added"}}
	if diff := gocmp.Diff(want, l.All()); diff != "" || l.Err() != nil {
		t.Errorf("%v; -want +got:\n%s", l.Err(), diff)
	}
	l.Refuse(llm.FieldMaxTokens, "it has no such parameter")
	l.Refuse("seed", "later ones do not count")
	got := fault.Of(l.Err())
	if got == nil || got.Kind != fault.Invalid || got.Param != "max_completion_tokens" ||
		got.Message() != "max_completion_tokens cannot be sent to this model's provider: it has no such parameter." {
		t.Errorf("refused with %+v", got)
	}
}

// What stands below a member is named below it; the longest known name counts.
func TestLossesNameWhatStandsBelow(t *testing.T) {
	req := &llm.Request{Body: &llm.Chat{Extra: []llm.Extra{{Path: "thinking.new"}}}, Paths: map[string]string{
		llm.FieldThinking: "messages[1].content[0]",
		llm.FieldFormat:   "output_config.format", llm.FieldSchema: "output_config.format.schema", llm.FieldStop: "stop_sequences",
	}}
	l := dialect.NewLosses("test", req, dialect.Target{})
	for _, field := range []string{llm.FieldSchema + ".properties.a.minimum", llm.FieldFormat + ".type", "stop[1]", "stopped", "messages[0].stop", "thinking.signature", "thinking.new"} {
		l.Note(field, "told")
	}
	var got []string
	for _, loss := range l.All() {
		got = append(got, loss.Field)
	}
	want := []string{"output_config.format.schema.properties.a.minimum", "output_config.format.type", "stop_sequences[1]", "stopped", "messages[0].stop", "messages[1].content[0].signature", "thinking.new"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A strict caller is refused what is dropped, and told what is noted.
func TestStrictLosses(t *testing.T) {
	strict := dialect.Target{Strict: true}
	l := dialect.NewLosses("test", &llm.Request{}, strict)
	l.Note("messages[0].role", "added")
	if l.Err() != nil {
		t.Errorf("a note was refused: %v", l.Err())
	}
	l.Drop("seed", "no such parameter")
	if e := fault.Of(l.Err()); e == nil || e.Param != "seed" {
		t.Errorf("a drop was not refused: %v", l.Err())
	}
}

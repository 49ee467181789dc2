package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
)

// controls are what tests ask of the stage.
func (f *fakes) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", f.requests)
	mux.HandleFunc("POST /openai", script(f, f.provider.Script))
	mux.HandleFunc("POST /anthropic", script(f, f.claude.Script))
	mux.HandleFunc("POST /bedrock", script(f, f.cloud.Script))
	return mux
}

// request is what a provider was sent, as tests see it.
type request struct {
	Provider string          `json:"provider"`
	Path     string          `json:"path"`
	Body     json.RawMessage `json:"body"`
	Tier     string          `json:"tier,omitempty"`  // as a header of Bedrock
	Error    string          `json:"error,omitempty"` // why it was refused
}

// requests lists those for a model, oldest first.
func (f *fakes) requests(w http.ResponseWriter, r *http.Request) {
	found := []request{}
	for _, one := range f.sent(r.URL.Query().Get("model")) {
		if json.Valid(one.Body) {
			found = append(found, one)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // who asked may have gone
}

func (f *fakes) sent(model string) (all []request) {
	for _, q := range f.provider.RequestsOf(model) {
		one := request{Path: q.Path, Provider: "openai", Body: q.Body}
		if q.Error != nil {
			one.Error = q.Error.Error()
		}
		all = append(all, one)
	}
	for _, q := range f.claude.RequestsOf(model) {
		one := request{Path: q.Path, Provider: "anthropic", Body: q.Body}
		if q.Error != nil {
			one.Error = q.Error.Error()
		}
		all = append(all, one)
	}
	for _, q := range f.cloud.RequestsOf(model) {
		one := request{Path: "/model/" + q.Model + "/" + q.Op, Provider: "bedrock", Body: q.Body, Tier: q.Header.Get("X-Amzn-Bedrock-Service-Tier")}
		if q.Refused != nil {
			one.Error = q.Refused.Error()
		}
		all = append(all, one)
	}
	return all
}

// script queues answers for a model of a fake: a list of its Answers, by the
// names of their fields. A * in the model's name becomes a number that no other
// has, of eight digits as those of a date; the answer is the name.
func script[A any](f *fakes, queue func(model string, answers ...A)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		model := r.URL.Query().Get("model")
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		var answers []A
		if err := d.Decode(&answers); err != nil || model == "" {
			http.Error(w, "say ?model= and send a list of answers", http.StatusBadRequest)
			return
		}
		model = strings.Replace(model, "*", strconv.FormatInt(f.models.Add(1)+firstModel, 10), 1)
		queue(model, answers...)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(model) // who asked may have gone
	}
}

const firstModel = 20_000_000

// direct is where and by which key the fakes are called that have an SDK here.
func (f *fakes) direct() string {
	type call struct {
		URL string `json:"url"`
		Key string `json:"key"`
	}
	b, err := json.Marshal(map[string]call{"openai": {f.openai.url + "/v1", fakeprovider.Key}, "anthropic": {f.anthropic.url, fakeanthropic.Key}})
	if err != nil {
		panic(err) // texts
	}
	return string(b)
}

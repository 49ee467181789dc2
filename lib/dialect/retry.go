package dialect

import (
	"net/http"
	"strconv"
	"time"
)

// maxRetryAfter bounds what a provider may ask for.
const maxRetryAfter = time.Hour

// RetryAfter reads how long a provider asks to be left alone: retry-after-ms
// (milliseconds) where it is there, else retry-after in seconds or as a date,
// which is taken relative to the answer's own Date. It is 0 where nothing or
// nothing sensible is said, and an hour at most.
func RetryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return bounded(ms / 1000)
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return bounded(s)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return bounded(at.Sub(now).Seconds())
}

func bounded(seconds float64) time.Duration {
	if !(seconds > 0) { // NaN, too
		return 0
	}
	if seconds > maxRetryAfter.Seconds() {
		return maxRetryAfter
	}
	return time.Duration(seconds * float64(time.Second))
}

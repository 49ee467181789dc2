package gateway_test

import (
	"testing"
	"time"
	_ "time/tzdata" // so that the test knows the zones on every machine

	"weir/lib/gateway"
	"weir/lib/testkit/rig"
)

// A call is booked in the day in which it began where finance is.
func TestTheRowHasTheBillingDay(t *testing.T) {
	for zone, want := range map[string]string{
		"":                                  "2026-11-30",
		"billing_zone: UTC":                 "2026-11-30",
		"billing_zone: Europe/Berlin":       "2026-12-01",
		"billing_zone: America/Los_Angeles": "2026-11-30",
		"billing_zone: Pacific/Kiritimati":  "2026-12-01",
		"billing_zone: Etc/GMT+12":          "2026-11-30",
	} {
		t.Run(zone, func(t *testing.T) {
			now := time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC)
			r := rig.Start(t, rig.Options{
				Config: "version: 1\nproviders: { echo: { kind: echo } }\nmodels: { \"echo/*\": echo/* }\nsettings: { " + zone + " }\n",
				Adjust: func(c *gateway.Config) { c.Now = func() time.Time { return now } },
			})
			a := r.Must("/v1/chat/completions", `{"model":"echo/hello","messages":[{"role":"user","content":"hi"}]}`)
			row := r.Row(a.CallID())
			if row.Day != want || row.State != "settled" {
				t.Errorf("the row is %s and of %s, want %s", row.State, row.Day, want)
			}
		})
	}
}

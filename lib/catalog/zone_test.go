package catalog_test

import (
	"testing"
	"time"
	_ "time/tzdata" // so that the tests know the zones on every machine

	"github.com/google/go-cmp/cmp"
)

// sameZone compares zones by name.
var sameZone = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

// A call is booked in the day that it is where finance is.
func TestBillingZone(t *testing.T) {
	const file = "version: 1\nproviders: { echo: { kind: echo } }\nmodels: { \"*\": echo/* }\n"
	at := time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC)
	for name, tc := range map[string]struct{ settings, zone, day string }{
		"by default":   {"", "UTC", "2026-11-30"},
		"named":        {"settings: { billing_zone: UTC }\n", "UTC", "2026-11-30"},
		"in the east":  {"settings: { billing_zone: Europe/Berlin }\n", "Europe/Berlin", "2026-12-01"},
		"in the west":  {"settings: { billing_zone: America/New_York }\n", "America/New_York", "2026-11-30"},
		"three parts":  {"settings: { billing_zone: America/Argentina/Buenos_Aires }\n", "America/Argentina/Buenos_Aires", "2026-11-30"},
		"by an offset": {"settings: { billing_zone: Etc/GMT-14 }\n", "Etc/GMT-14", "2026-12-01"},
	} {
		t.Run(name, func(t *testing.T) {
			zone := parse(t, file+tc.settings, noKeys()).Settings.BillingZone
			if got := zone.String(); got != tc.zone {
				t.Errorf("zone %s, want %s", got, tc.zone)
			}
			if got := at.In(zone).Format(time.DateOnly); got != tc.day {
				t.Errorf("%v is in %s, want %s", at, got, tc.day)
			}
		})
	}
}

// Package sdktest holds end-to-end tests whose clients are the vendors'
// official Go libraries: versions 1 and 3 of OpenAI's, 1 and 2 of Anthropic's.
// Applications use those, so what they show is what an application sees. A
// whole gateway (testkit/rig) stands between them and providers that refuse
// what the vendors refuse (testkit/fakeprovider, fakeanthropic, fakebedrock).
//
// TestMatrix runs every client before every kind of provider, whole and
// streamed, through one table of scenarios, and keeps testkit/CONFORMANCE.md,
// which counts what passes. Other tests ask the provider directly, too: an
// application must not be able to tell the two apart.
//
// Each library is behind a small adapter of the same shape. The package is a
// module of its own, so that nobody who uses the gateway downloads an SDK.
package sdktest

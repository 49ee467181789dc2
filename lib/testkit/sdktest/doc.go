// Package sdktest holds end-to-end tests whose clients are OpenAI's official
// Go libraries, version 1 and version 3: applications use those, so what they
// show is what an application sees. A whole gateway (testkit/rig) stands
// between them and a provider that refuses what the vendor refuses
// (testkit/fakeprovider), and most tests ask the provider directly, too: an
// application must not be able to tell the two apart.
//
// Every test runs with both versions; each is behind a small adapter of the
// same shape. The package is a module of its own, so that nobody who uses the
// gateway downloads an SDK.
package sdktest

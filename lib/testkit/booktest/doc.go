// Package booktest holds no code, only tests: that the books are true. Every
// call that was accepted has one row, every row is closed once, and its
// figures are those of the provider, whatever happens to the caller, the
// provider, the store or the process meanwhile.
//
// Most tests run a whole gateway in memory inside a bubble of
// testing/synctest, so that waits of minutes take no time and nothing depends
// on how fast a machine is. Those about processes build and run the real
// program.
package booktest

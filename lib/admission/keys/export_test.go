package keys

import "io"

// SetRandom replaces the source of a store's keys.
func (s *Store) SetRandom(r io.Reader) { s.random = r }

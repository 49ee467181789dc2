package tabletest

import (
	"context"
	"math/rand/v2"
	"sync"

	"weir/lib/table"
)

// Shuffled returns a sink that hands changes to s in an order that Feed allows
// but rarely takes: those of one key in their order, those of different keys
// mixed. Batches are cut at random, and each change comes at least once; some
// come twice. Sinks must give the same result behind it.
//
// It answers its caller only for whole batches, so that a change is never lost
// to the mixing.
func Shuffled(s table.Sink, seed uint64) table.Sink {
	rnd := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // a test's dice
	var mu sync.Mutex
	return func(ctx context.Context, cs []table.Change) (int, error) {
		mu.Lock()
		mixed := mix(rnd, cs)
		mu.Unlock()
		for len(mixed) > 0 {
			mu.Lock()
			n := 1 + rnd.IntN(len(mixed))
			again := rnd.IntN(4) == 0
			mu.Unlock()
			done, err := s(ctx, mixed[:n])
			if err != nil {
				return 0, err // all of them come again
			}
			if !again {
				mixed = mixed[min(done, n):]
			}
		}
		return len(cs), nil
	}
}

// mix draws changes from the front of each key's own queue.
func mix(rnd *rand.Rand, cs []table.Change) []table.Change {
	queues := map[table.Key][]table.Change{}
	var keys []table.Key
	for _, c := range cs {
		if len(queues[c.Key]) == 0 {
			keys = append(keys, c.Key)
		}
		queues[c.Key] = append(queues[c.Key], c)
	}
	out := make([]table.Change, 0, len(cs))
	for len(keys) > 0 {
		i := rnd.IntN(len(keys))
		k := keys[i]
		out = append(out, queues[k][0])
		if queues[k] = queues[k][1:]; len(queues[k]) == 0 {
			keys = append(keys[:i], keys[i+1:]...)
		}
	}
	return out
}

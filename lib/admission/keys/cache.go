package keys

import "container/list"

// cache holds what was found of at most max ids. When it is full, the id that
// was not asked for longest makes room. Not safe for concurrent use.
type cache struct {
	max   int
	order *list.List // of *entry, newest use first
	byID  map[string]*list.Element
}

type entry struct {
	id    string
	found found
}

func newCache(limit int) *cache {
	return &cache{max: limit, order: list.New(), byID: map[string]*list.Element{}}
}

func (c *cache) get(id string) (found, bool) {
	el, ok := c.byID[id]
	if !ok {
		return found{}, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*entry).found, true //nolint:errcheck // nothing else is in the list
}

func (c *cache) put(id string, f found) {
	c.drop(id)
	if len(c.byID) >= c.max {
		c.drop(c.order.Back().Value.(*entry).id) //nolint:errcheck // nothing else is in the list
	}
	c.byID[id] = c.order.PushFront(&entry{id: id, found: f})
}

func (c *cache) drop(id string) {
	if el, ok := c.byID[id]; ok {
		c.order.Remove(el)
		delete(c.byID, id)
	}
}

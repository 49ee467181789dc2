package table

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Position is where a page ended: the index's sort key, and the primary key,
// since several items may share an index key. On the table itself Sort and SK
// are the same.
type Position struct {
	Sort string
	Key  Key
}

// Query checks a query and returns the index it reads and the position in its
// cursor, nil on the first page.
func (c *Checker) Query(q Query) (Index, *Position, error) {
	x, err := c.Index(q.Table, q.Index)
	if err != nil {
		return Index{}, nil, err
	}
	if err := checkKeyString(x.PK, q.PK, MaxPKBytes); err != nil {
		return Index{}, nil, err
	}
	if err := checkRange(q); err != nil {
		return Index{}, nil, err
	}
	if q.Limit < 0 {
		return Index{}, nil, fmt.Errorf("%w: a limit of %d items", ErrInvalid, q.Limit)
	}
	if q.Cursor == "" {
		return x, nil, nil
	}
	p, err := decodeCursor(q.Cursor)
	if err != nil {
		return Index{}, nil, err
	}
	if !q.covers(p) {
		return Index{}, nil, fmt.Errorf("%w: the cursor is of another query", ErrInvalid)
	}
	return x, &p, nil
}

func checkRange(q Query) error {
	for _, s := range []string{q.Prefix, q.From, q.To} {
		if s != "" {
			if err := checkKeyString("a bound of the query", s, MaxSKBytes); err != nil {
				return err
			}
		}
	}
	switch {
	case q.Prefix != "" && (q.From != "" || q.To != ""):
		return fmt.Errorf("%w: a query takes Prefix, or From and To", ErrInvalid)
	case q.From != "" && q.To != "" && q.From > q.To:
		return fmt.Errorf("%w: From is after To", ErrInvalid)
	}
	return nil
}

// covers reports whether p can be a place in the results of q.
func (q Query) covers(p Position) bool {
	if q.Index == "" && (p.Key.PK != q.PK || p.Key.SK != p.Sort) {
		return false
	}
	return strings.HasPrefix(p.Sort, q.Prefix) && p.Sort >= q.From && (q.To == "" || p.Sort <= q.To)
}

// Cursor returns p as the cursor of a Page.
func (p Position) Cursor() string {
	var b []byte
	for _, s := range []string{p.Sort, p.Key.PK, p.Key.SK} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(cursor string) (Position, error) {
	bad := fmt.Errorf("%w: not a cursor of this store: %q", ErrInvalid, cursor)
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return Position{}, bad
	}
	var p Position
	for _, to := range []*string{&p.Sort, &p.Key.PK, &p.Key.SK} {
		n, used := binary.Uvarint(b)
		if used <= 0 || n == 0 || n > MaxPKBytes || int(n) > len(b)-used {
			return Position{}, bad
		}
		b = b[used:]
		*to = string(b[:n])
		if !utf8.ValidString(*to) {
			return Position{}, bad
		}
		b = b[n:]
	}
	if len(b) > 0 {
		return Position{}, bad
	}
	return p, nil
}

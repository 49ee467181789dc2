package rawjson

import (
	"bytes"
	"math"
	"slices"
)

// parser is one pass over a document. It keeps its own stack, so that nesting
// costs no goroutine stack.
type parser struct {
	data  []byte
	pos   int
	nodes []node
	opts  Options
	depth int
	// nextOpaque: the value that follows is a member named in Options.Opaque.
	nextOpaque bool
	stack      [MaxDepth]frame
}

// frame is an object or array that is not closed yet.
type frame struct {
	node     uint32
	count    int32 // members or elements begun
	nameFrom uint32
	nameTo   uint32 // last name, quotes included
	object   bool
	quiet    bool // inside an opaque value: no nodes
}

const byteOrderMark = "\ufeff"

func (p *parser) document() error {
	if uint64(len(p.data)) > math.MaxInt32 {
		return p.fail(ErrTooLarge, 0, "")
	}
	if bytes.HasPrefix(p.data, []byte(byteOrderMark)) { // RFC 8259 §8.1 forbids senders to add one
		return p.fail(ErrSyntax, 0, "it begins with a byte order mark; leave it out")
	}
	p.space()
	if p.pos == len(p.data) {
		return p.fail(ErrSyntax, p.pos, "it is empty")
	}
	if err := p.value(); err != nil {
		return err
	}
	for p.depth > 0 {
		if err := p.step(); err != nil {
			return err
		}
	}
	p.space()
	if p.pos < len(p.data) {
		return p.fail(ErrTrailing, p.pos, "")
	}
	return nil
}

// step takes one member, one element or the end of the innermost container.
func (p *parser) step() error {
	top := &p.stack[p.depth-1]
	top.nameTo = 0 // the last member is done: an error from here is not in it
	p.space()
	c := p.peek()
	if top.object && c == '}' || !top.object && c == ']' {
		return p.close(top)
	}
	if top.count > 0 {
		if c != ',' {
			return p.unexpected(`"," or the end of the object or array`)
		}
		p.pos++
		p.space()
	}
	if top.object {
		if err := p.name(top); err != nil {
			return err
		}
	}
	top.count++
	return p.value()
}

// name takes a member's name and the colon behind it.
func (p *parser) name(top *frame) error {
	if p.peek() != '"' {
		return p.unexpected("a name in quotes")
	}
	start := p.pos
	escaped, err := p.str()
	if err != nil {
		return err
	}
	top.nameFrom, top.nameTo = offset(start), offset(p.pos)
	if !top.quiet {
		if err := p.add(node{kind: String, escaped: escaped, start: offset(start), end: offset(p.pos)}); err != nil {
			return err
		}
		p.nextOpaque = p.isOpaque(p.data[start+1:p.pos-1], escaped)
	}
	p.space()
	if p.peek() != ':' {
		return p.unexpected(`":"`)
	}
	p.pos++
	p.space()
	return nil
}

func (p *parser) isOpaque(name []byte, escaped bool) bool {
	if len(p.opts.Opaque) == 0 {
		return false
	}
	if escaped {
		name = appendUnquoted(nil, name)
	}
	return slices.Contains(p.opts.Opaque, string(name))
}

// offset narrows a place in the document or in the list of nodes.
func offset(n int) uint32 {
	return uint32(n) //nolint:gosec // at most 2 GiB, which document checks
}

// value takes a scalar, or the opening of an object or array.
func (p *parser) value() error {
	opaque := p.nextOpaque
	p.nextOpaque = false
	n := node{opaque: opaque, start: offset(p.pos)}
	var err error
	switch c := p.peek(); {
	case c == '{' || c == '[':
		return p.open(c == '{', opaque)
	case c == '"':
		n.kind = String
		n.escaped, err = p.str()
	case c == '-' || c >= '0' && c <= '9':
		n.kind = Number
		err = p.number()
	case c == 't':
		n.kind = Bool
		err = p.literal("true")
	case c == 'f':
		n.kind = Bool
		err = p.literal("false")
	case c == 'n':
		n.kind = Null
		err = p.literal("null")
	default:
		return p.unexpected("a value")
	}
	if err != nil {
		return err
	}
	n.end = offset(p.pos)
	if p.quiet() {
		return nil
	}
	return p.add(n)
}

func (p *parser) quiet() bool { return p.depth > 0 && p.stack[p.depth-1].quiet }

func (p *parser) open(object, opaque bool) error {
	if p.depth == MaxDepth {
		return p.fail(ErrDepth, p.pos, "")
	}
	quiet := p.quiet()
	f := frame{node: offset(len(p.nodes)), object: object, quiet: quiet || opaque}
	if !quiet {
		n := node{kind: Array, opaque: opaque, start: offset(p.pos)}
		if object {
			n.kind = Object
		}
		if err := p.add(n); err != nil {
			return err
		}
	} else {
		f.node = math.MaxUint32
	}
	p.pos++
	p.stack[p.depth] = f
	p.depth++
	return nil
}

func (p *parser) close(top *frame) error {
	p.pos++
	if top.node != math.MaxUint32 {
		n := &p.nodes[top.node]
		n.end, n.next = offset(p.pos), offset(len(p.nodes))
		if top.object && !top.quiet && !p.opts.Lenient && top.count > 1 {
			if err := p.distinct(top); err != nil {
				return err
			}
		}
	}
	p.depth--
	return nil
}

func (p *parser) add(n node) error {
	if len(p.nodes) >= MaxValues {
		return p.fail(ErrTooMany, int(n.start), "")
	}
	n.next = offset(len(p.nodes)) + 1
	p.nodes = append(p.nodes, n)
	return nil
}

// fewNames is up to how many names are compared one by one.
const fewNames = 24

// distinct checks that an object that has just ended repeats no name. Names
// are compared decoded: "a" and "\u0061" are one name.
func (p *parser) distinct(top *frame) error {
	d := Doc{data: p.data, nodes: p.nodes}
	if top.count > fewNames {
		return p.distinctMany(&d, top)
	}
	end := p.nodes[top.node].next
	for i := top.node + 1; i < end; i = p.nodes[i+1].next {
		for j := top.node + 1; j < i; j = p.nodes[j+1].next {
			if d.sameName(i, j) {
				return p.duplicate(top, i)
			}
		}
	}
	return nil
}

func (p *parser) distinctMany(d *Doc, top *frame) error {
	seen := make(map[string]struct{}, top.count)
	end := p.nodes[top.node].next
	for i := top.node + 1; i < end; i = p.nodes[i+1].next {
		name := string(d.text(i))
		if _, ok := seen[name]; ok {
			return p.duplicate(top, i)
		}
		seen[name] = struct{}{}
	}
	return nil
}

func (d *Doc) sameName(i, j uint32) bool {
	a, b := &d.nodes[i], &d.nodes[j]
	if a.escaped || b.escaped {
		return string(d.text(i)) == string(d.text(j))
	}
	return a.end-a.start == b.end-b.start &&
		string(d.data[a.start:a.end]) == string(d.data[b.start:b.end])
}

func (p *parser) duplicate(top *frame, name uint32) error {
	n := p.nodes[name]
	top.nameFrom, top.nameTo = n.start, n.end
	return p.fail(ErrDuplicate, int(n.start), "")
}

func (p *parser) unexpected(want string) error {
	if p.pos >= len(p.data) {
		return p.fail(ErrSyntax, p.pos, "it ends where "+want+" is expected")
	}
	return p.fail(ErrSyntax, p.pos, "expected "+want)
}

// fail builds an error with the path of what is open now.
func (p *parser) fail(kind error, offset int, detail string) error {
	var path []byte
	for i := range p.depth {
		if len(path) > maxPath {
			path = append(path, "…"...)
			break
		}
		f := &p.stack[i]
		switch {
		case f.object && f.nameTo > 0:
			path = appendName(path, appendUnquoted(nil, p.data[f.nameFrom+1:f.nameTo-1]))
		case !f.object && f.count > 0:
			path = appendIndex(path, int(f.count)-1)
		}
	}
	return &Error{Err: kind, Path: string(path), Offset: offset, Detail: detail}
}

package catalog

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration's size.
const maxFile = 1 << 20

// load parses data into nodes that need no further care: one document, no
// anchors, aliases, merge keys or tags, no key twice, no empty values. What is
// refused is reported and left as a poisoned node, which reads as "already
// complained of". It returns nil when there is nothing to read.
func (d *decoder) load(data []byte) *yaml.Node {
	d.lines = 1 + bytes.Count(data, []byte("\n"))
	if len(data) > maxFile {
		d.errorf(place{}, "the file has %d bytes; the most is %d", len(data), maxFile)
		return nil
	}
	if !d.plainText(data) {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		d.syntax(data, err)
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Tag == "!!null" {
		d.errorf(place{1, 1}, "the file is empty; it starts with version: 1")
		return nil
	}
	var next yaml.Node
	switch err := dec.Decode(&next); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.syntax(data, err)
		return nil
	default:
		d.errorf(at(&next), "a second document starts here; the file is one document, so remove the --- above and all that follows")
	}
	root := doc.Content[0]
	d.clean(root)
	return root
}

// plainText checks that data is UTF-8 without characters that cannot be seen
// or that programs count differently, and says where it is not.
func (d *decoder) plainText(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p := place{1, 1}
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			d.errorf(p, "a byte that is not UTF-8 (0x%02x); save the file as UTF-8", data[0])
			return false
		case r == '\n':
			p = place{p.Line + 1, 0}
		case r == '\t', r == '\r' && bytes.HasPrefix(data, []byte("\r\n")):
		case unicode.IsControl(r), strings.ContainsRune("\u2028\u2029\ufeff\ufffe\uffff", r):
			d.errorf(p, "a control character (U+%04X); remove it", r)
			return false
		}
		p.Column++
		data = data[size:]
	}
	return true
}

var (
	// yamlLine is how the YAML parser says where it stopped.
	yamlLine = regexp.MustCompile(`^line ([0-9]+): `)
	// fromZero are the messages whose lines the parser counts from 0.
	fromZero = regexp.MustCompile(`^did not find expected (node content|key|'-'|','|<)`)
	// unknownAnchor is a message without a line.
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntax reports what the YAML parser refused.
func (d *decoder) syntax(data []byte, err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	p := place{1, 1}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		if line, err := strconv.Atoi(m[1]); err == nil {
			p.Line = line
		}
		message = message[len(m[0]):]
		if fromZero.MatchString(message) {
			p.Line = min(p.Line+1, 1+bytes.Count(bytes.TrimRight(data, "\n"), []byte("\n")))
		}
	}
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+m[1]))
		p = place{1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])}
		d.errorf(p, noAliases)
		return
	}
	if strings.HasSuffix(message, "alphabetic or numeric character") { // what follows * or &
		message += `; a name that begins with * stands in quotes: "*"`
	}
	d.errorf(p, "not valid YAML: %s", message)
}

const noAliases = "anchors (&) and aliases (*) are not supported; write the value out, or quote it if it is text"

// poison marks n as reported: whatever reads it stays silent.
func poison(n *yaml.Node) { *n = yaml.Node{Line: n.Line, Column: n.Column} }

func poisoned(n *yaml.Node) bool { return n.Kind == 0 }

// clean applies the file's own rules to n and all below it.
func (d *decoder) clean(n *yaml.Node) {
	if d.refused(n) {
		poison(n)
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		d.cleanMapping(n)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			d.clean(item)
		}
	case yaml.DocumentNode, yaml.ScalarNode, yaml.AliasNode:
	}
}

// reference is how other programs write the value of an environment variable.
var reference = regexp.MustCompile(`\$\{[^}]*\}`)

// refused reports what may stand nowhere in the file.
func (d *decoder) refused(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.errorf(at(n), noAliases)
	case n.Style&yaml.TaggedStyle != 0:
		d.errorf(at(n), "tags (!) are not supported; write the value without %s", quote(n.Tag))
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.errorf(at(n), "there is no value here; give one, or remove the key")
	case n.Kind == yaml.ScalarNode && reference.MatchString(n.Value):
		d.errorf(at(n), "%s is not expanded; a credential names its source instead: credential: { env: NAME, secret: MEMBER }", reference.FindString(n.Value))
	default:
		return false
	}
	return true
}

// cleanMapping checks n's keys and cleans its values. Of equal keys the first
// one stays; a key that is refused stays as a poisoned one.
func (d *decoder) cleanMapping(n *yaml.Node) {
	first := map[string]int{}
	kept := n.Content[:0]
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Tag == "!!merge":
			d.errorf(at(k), "merge keys (<<) are not supported; write the keys out")
			poison(k)
		case k.Kind != yaml.ScalarNode:
			d.errorf(at(k), "a key must be text, not %s", nodeKind(k))
			poison(k)
		case k.Tag == "!!null":
			d.errorf(at(k), "a key is missing before the colon")
			poison(k)
		case d.refused(k):
			poison(k)
		case first[k.Value] > 0:
			d.errorf(at(k), "key %s is here twice; the first one is in line %d", quote(k.Value), first[k.Value])
			continue
		default:
			first[k.Value] = k.Line
			d.clean(v)
		}
		kept = append(kept, k, v)
	}
	n.Content = kept
}

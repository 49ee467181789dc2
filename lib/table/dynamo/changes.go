package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"weir/lib/table"
)

// Event is what Lambda hands a function for a DynamoDB stream. Its records
// stay as they came, so that one that cannot be read can be kept.
//
// Source: docs.aws.amazon.com/lambda/latest/dg/with-ddb.html and
// docs.aws.amazon.com/amazondynamodb/latest/APIReference/
// API_streams_Record.html, read 2026-11-25.
type Event struct {
	Records []json.RawMessage `json:"Records"`
}

// Unread is a record that cannot be read.
type Unread struct {
	Seq string // empty where even that cannot be read
	Raw json.RawMessage
	Err error
}

// record is what is read of a record.
type record struct {
	EventName string `json:"eventName"`
	SourceARN string `json:"eventSourceARN"`
	Identity  *struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
	} `json:"userIdentity"`
	Data struct {
		Seq      string           `json:"SequenceNumber"`
		Keys     map[string]value `json:"Keys"`
		OldImage map[string]value `json:"OldImage"`
		NewImage map[string]value `json:"NewImage"`
	} `json:"dynamodb"`
}

// value is an attribute in the stream's JSON.
type value struct {
	S    *string `json:"S"`
	N    *string `json:"N"`
	Bool *bool   `json:"BOOL"`
	B    *[]byte `json:"B"`
}

// ttlPrincipal is who deletes what has passed its time to live.
const ttlPrincipal = "dynamodb.amazonaws.com"

// Changes turns the records of a stream around, in their order. prefix is that
// of the tables' names. Records with names it does not know are skipped: they
// are no changes. Records it cannot read come back beside the others.
func Changes(e Event, prefix string) (cs []table.Change, unread []Unread) {
	for _, raw := range e.Records {
		var r record
		if err := json.Unmarshal(raw, &r); err != nil {
			unread = append(unread, Unread{Seq: r.Data.Seq, Raw: raw, Err: fmt.Errorf("dynamo: stream record: %w", err)})
			continue
		}
		c, ok, err := r.change(prefix)
		switch {
		case err != nil:
			unread = append(unread, Unread{Seq: r.Data.Seq, Raw: raw, Err: fmt.Errorf("dynamo: stream record %s: %w", r.Data.Seq, err)})
		case ok:
			cs = append(cs, c)
		}
	}
	return cs, unread
}

var errRecord = errors.New("not a change of a table")

func (r *record) change(prefix string) (c table.Change, ok bool, err error) {
	switch r.EventName {
	case "INSERT", "MODIFY", "REMOVE":
	default:
		return c, false, nil
	}
	c.Seq = r.Data.Seq
	if c.Table, err = tableOf(r.SourceARN, prefix); err != nil {
		return c, false, err
	}
	if c.Old, err = fromImage(r.Data.OldImage); err != nil {
		return c, false, err
	}
	if c.New, err = fromImage(r.Data.NewImage); err != nil {
		return c, false, err
	}
	keys, err := fromImage(r.Data.Keys)
	if err != nil {
		return c, false, err
	}
	c.Key.PK, _ = keys[table.PK].(string)
	c.Key.SK, _ = keys[table.SK].(string)
	hasOld, hasNew := r.EventName != "INSERT", r.EventName != "REMOVE"
	if c.Seq == "" || c.Key.PK == "" || c.Key.SK == "" || hasOld != (c.Old != nil) || hasNew != (c.New != nil) {
		return c, false, fmt.Errorf("%w: %s needs a sequence number, the key and both images", errRecord, r.EventName)
	}
	c.Expired = r.EventName == "REMOVE" && r.Identity != nil &&
		r.Identity.Type == "Service" && r.Identity.PrincipalID == ttlPrincipal
	return c, true, nil
}

// tableOf finds the table in "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL".
func tableOf(arn, prefix string) (string, error) {
	_, rest, _ := strings.Cut(arn, ":table/")
	full, _, _ := strings.Cut(rest, "/")
	name, ok := strings.CutPrefix(full, TableName(prefix, ""))
	if !ok || name == "" {
		return "", fmt.Errorf("%w: stream %q is of no table with prefix %q", errRecord, arn, prefix)
	}
	return name, nil
}

func fromImage(vs map[string]value) (table.Item, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	it := make(table.Item, len(vs))
	for name, v := range vs {
		switch {
		case v.S != nil:
			it[name] = *v.S
		case v.Bool != nil:
			it[name] = *v.Bool
		case v.B != nil:
			it[name] = orEmpty(*v.B)
		case v.N != nil:
			n, err := parseNumber(*v.N)
			if err != nil {
				return nil, fmt.Errorf("attribute %s: %w", name, err)
			}
			it[name] = n
		default:
			return nil, fmt.Errorf("%w: attribute %s is of a type that is not stored here", errRecord, name)
		}
	}
	return it, nil
}

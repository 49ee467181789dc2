package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// version is written into every record; see ErrVersion.
const version = 1

// ErrVersion says that a record was written by a newer program.
var ErrVersion = errors.New("keys: unknown version of a key's record")

const (
	pkPrefix = "key"
	rowSK    = "key"
	listPK   = "keys"

	attrVersion   = "v"
	attrHash      = "hash"
	attrTeam      = "team"
	attrApp       = "app"
	attrName      = "name"
	attrModels    = "models" // JSON
	attrPrincipal = "principal"
	attrCreated   = "created_at"
	attrExpires   = "expires_at"
	attrRevoked   = "revoked_at"
	attrListPK    = "keys_pk"
	attrListSK    = "keys_sk"
)

func key(id string) table.Key { return table.Key{PK: layout.Join(pkPrefix, id), SK: rowSK} }

// encode returns a record's item without its key; empty values are left out.
func encode(r Record) table.Item {
	it := table.Item{
		attrVersion: int64(version), attrTeam: r.Team, attrApp: r.App, attrCreated: layout.Instant(r.Created),
		attrListPK: listPK, attrListSK: layout.Instant(r.Created) + "#" + layout.Part(r.ID),
	}
	for attr, v := range map[string]string{
		attrName: r.Name, attrPrincipal: r.Principal,
		attrExpires: layout.Instant(r.Expires), attrRevoked: layout.Instant(r.Revoked),
	} {
		if v != "" {
			it[attr] = v
		}
	}
	if r.Principal == "" {
		it[attrHash] = r.Hash[:]
	}
	if len(r.Models) > 0 {
		models, err := json.Marshal(r.Models)
		if err != nil {
			panic(err) // strings always encode
		}
		it[attrModels] = string(models)
	}
	return it
}

// decode is the inverse of encode. Unknown attributes are ignored; an unknown
// version is ErrVersion, and an attribute of the wrong type is an error that
// names the key's id and the attribute.
func decode(it table.Item) (Record, error) {
	d := table.Decode(it)
	id := strings.TrimPrefix(d.String(table.PK), pkPrefix+"#")
	if v := d.Int(attrVersion); d.Err() == nil && v != version {
		return Record{}, fmt.Errorf("%w: %s has version %d, this program reads %d: use a newer one", ErrVersion, id, v, version)
	}
	r := Record{
		ID: id, Team: d.String(attrTeam), App: d.String(attrApp), Name: d.String(attrName), Principal: d.String(attrPrincipal),
		Created: instant(d, attrCreated), Expires: instant(d, attrExpires), Revoked: instant(d, attrRevoked),
	}
	if models := d.String(attrModels); models != "" {
		d.Fail(attrModels, json.Unmarshal([]byte(models), &r.Models))
	}
	if hash := d.Bytes(attrHash); r.Principal == "" && len(hash) != len(r.Hash) {
		d.Fail(attrHash, fmt.Errorf("it has %d bytes, not %d", len(hash), len(r.Hash)))
	} else {
		copy(r.Hash[:], hash)
	}
	if err := d.Err(); err != nil {
		return Record{}, fmt.Errorf("keys: %w", err)
	}
	return r, nil
}

func instant(d *table.Decoder, attr string) time.Time {
	t, err := layout.ParseInstant(d.String(attr))
	d.Fail(attr, err)
	return t
}

// MarshalJSON writes the record without its hash, as weir keys shows it.
func (r Record) MarshalJSON() ([]byte, error) {
	optional := func(t time.Time) *string {
		if t.IsZero() {
			return nil
		}
		s := layout.Instant(t)
		return &s
	}
	models := r.Models
	if models == nil {
		models = []string{}
	}
	return json.Marshal(struct {
		ID        string   `json:"id"`
		Team      string   `json:"team"`
		App       string   `json:"app"`
		Name      string   `json:"name"`
		Models    []string `json:"models"` // empty: all
		Principal string   `json:"principal"`
		Created   string   `json:"created_at"`
		Expires   *string  `json:"expires_at"`
		Revoked   *string  `json:"revoked_at"`
	}{r.ID, r.Team, r.App, r.Name, models, r.Principal, layout.Instant(r.Created), optional(r.Expires), optional(r.Revoked)})
}

// LogValue shows whose record it is, without its hash.
func (r Record) LogValue() slog.Value {
	return slog.GroupValue(slog.String("key_id", r.ID), slog.String("team", r.Team), slog.String("app", r.App))
}

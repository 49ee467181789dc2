package catalog

import (
	"encoding/json"
	"fmt"
)

func plainText(v any) string { return fmt.Sprint(v) }

func jsonNumber(s string) json.Number { return json.Number(s) }

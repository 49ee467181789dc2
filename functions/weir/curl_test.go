package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// curl stands in for the program of that name, so that the tests need only Go.
// It takes -i, -H, -d, -X and a URL, and exits with 22 where -f is given and
// the status is 400 or more.
func curl() {
	code, err := fetch(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
	}
	os.Exit(code)
}

func fetch(args []string, out io.Writer) (code int, err error) {
	var url, data string
	var head, fail bool
	method := http.MethodGet
	header := http.Header{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch arg {
		case "-i":
			head = true
			continue
		case "-f":
			fail = true
			continue
		case "-H", "-d", "-X":
			if len(args) == 0 {
				return 2, fmt.Errorf("%s needs a value", arg)
			}
		default:
			url = arg
			continue
		}
		value := args[0]
		args = args[1:]
		switch arg {
		case "-H":
			name, v, _ := strings.Cut(value, ":")
			header.Add(name, strings.TrimSpace(v))
		case "-d":
			data, method = value, http.MethodPost
		case "-X":
			method = value
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(data))
	if err != nil {
		return 3, err
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 7, err
	}
	defer resp.Body.Close()
	if head {
		var b strings.Builder
		b.WriteString(resp.Status + "\n")
		for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
			b.WriteString(strings.ToLower(name) + ": " + resp.Header.Get(name) + "\n")
		}
		if _, err := io.WriteString(out, b.String()+"\n"); err != nil {
			return 23, err
		}
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return 18, err
	}
	if fail && resp.StatusCode >= http.StatusBadRequest {
		return 22, nil
	}
	return 0, nil
}

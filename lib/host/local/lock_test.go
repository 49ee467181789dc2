package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/lib/host/local"
)

func TestLockFolderRefusesASecond(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "on the way")
	first, err := local.LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Note("http://127.0.0.1:8080"); err != nil {
		t.Fatal(err)
	}
	_, err = local.LockFolder(dir)
	if err == nil {
		t.Fatal("the folder was locked twice")
	}
	for _, want := range []string{"pid ", "http://127.0.0.1:8080", dir, "--store embedded:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := local.LockFolder(dir)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
}

func TestLockFolderSaysWhyNot(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := local.LockFolder(file)
	if err == nil || !strings.Contains(err.Error(), "not a directory") || !strings.Contains(err.Error(), "--store embedded:DIR") {
		t.Errorf("a file in the folder's place: %v", err)
	}
}

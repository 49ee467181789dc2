package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lockName is the lock file's name in the store's folder. The file stays when
// the lock is released: removing it would let two processes lock two files of
// the same name.
const lockName = "weir.lock"

// errLocked is what lockFile returns when another process holds the lock.
var errLocked = errors.New("locked by another process")

// Lock keeps a second gateway off a store's folder. The operating system
// releases it when the process ends, however it ends. Other commands take no
// lock.
type Lock struct{ f *os.File }

// LockFolder makes dir if it is missing and locks it. The error of a folder
// that is taken names the process that has it.
func LockFolder(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, folderError(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, folderError(dir, err)
	}
	err = lockFile(f)
	if err == nil {
		return &Lock{f}, nil
	}
	holder, _ := io.ReadAll(io.LimitReader(f, 256))
	_ = f.Close()
	if !errors.Is(err, errLocked) {
		return nil, fmt.Errorf("the folder %s cannot be locked (%w): choose a folder on a local disk with --store embedded:DIR", dir, err)
	}
	who := "another weir local"
	if text := strings.TrimSpace(string(holder)); text != "" {
		who += " (" + text + ")"
	}
	return nil, fmt.Errorf("%s serves the folder %s: use that one, stop it, or give this one a folder of its own with --store embedded:DIR", who, dir)
}

// Note writes into the lock file who holds it, for the message to whoever
// comes second.
func (l *Lock) Note(address string) error {
	text := fmt.Sprintf("pid %d, %s\n", os.Getpid(), address)
	if err := l.f.Truncate(0); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	if _, err := l.f.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	return nil
}

// Release gives the folder back.
func (l *Lock) Release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}

func folderError(dir string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // the rest repeats the folder
	}
	return fmt.Errorf("the folder %s cannot be written (%w): give this user write access to it, or choose another folder with --store embedded:DIR", dir, err)
}

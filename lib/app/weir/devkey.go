package weir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"weir/lib/admission/keys"
	"weir/lib/fault"
)

// devKeyName is the file of the development key in the store's folder.
const devKeyName = "dev-key"

// devSpec is whose calls those with the development key are.
var devSpec = keys.Spec{Team: "local", App: "dev", Name: "development key"}

// developmentKey returns the key that is kept in dir. It makes one where there
// is none, or where the store does not know it any more.
func developmentKey(ctx context.Context, dir string, store *keys.Store, auth *keys.Authenticator) (string, error) {
	file := filepath.Join(dir, devKeyName)
	kept, err := os.ReadFile(file) //nolint:gosec // the operator names the folder
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the development key cannot be read: %w", err)
	}
	if key := strings.TrimSpace(string(kept)); key != "" {
		_, err := auth.Authenticate(ctx, key)
		if err == nil {
			return key, nil
		}
		if fault.KindOf(err) != fault.Unauthenticated {
			return "", err
		}
	}
	_, secret, err := store.Create(ctx, devSpec)
	if err != nil {
		return "", fmt.Errorf("making the development key: %w", err)
	}
	if err := writeSecret(file, secret.Reveal()+"\n"); err != nil {
		return "", fmt.Errorf("the development key cannot be kept: %w", err)
	}
	return secret.Reveal(), nil
}

// writeSecret replaces a file by one that only its owner can read, at once.
func writeSecret(file, text string) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(text)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// keyring are the keys of a store. dir is the store's folder, if it has one.
type keyring struct {
	*keys.Store

	dir string
}

// Revoke ends a key. A development key is also removed from its file.
func (k keyring) Revoke(ctx context.Context, id string) error {
	if err := k.Store.Revoke(ctx, id); err != nil || k.dir == "" {
		return err
	}
	file := filepath.Join(k.dir, devKeyName)
	kept, err := os.ReadFile(file) //nolint:gosec // the operator names the folder
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("the key is revoked, but the development key cannot be read: %w", err)
	}
	if keptID, err := keys.Parse(strings.TrimSpace(string(kept))); err != nil || keptID != id {
		return nil //nolint:nilerr // what is no key is not this key
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("the key is revoked, but its file is still there: %w", err)
	}
	return nil
}

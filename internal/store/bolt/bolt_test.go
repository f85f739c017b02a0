package bolt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aggregator/internal/store"
	"aggregator/internal/store/bolt"
	"aggregator/internal/store/storetest"
)

func open(place string) (store.Store, error) { return bolt.Open(place) }

func TestContract(t *testing.T) { storetest.Run(t, open) }

func TestLocked(t *testing.T) {
	folder := t.TempDir()
	s, err := bolt.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = bolt.Open(folder)
	var locked *bolt.Locked
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("second opening: %v", err)
	}
}

// On a full disk what is kept can still be read and served.
func TestFull(t *testing.T) {
	folder := t.TempDir()
	for range 2 { // anew, and with something in it
		if err := os.Symlink("/dev/full", filepath.Join(folder, "aggregator.pid")); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A damaged file is named, with what to do; it never brings the process down.
func TestCorrupt(t *testing.T) {
	damage := map[string]func([]byte) []byte{
		"no database":     func([]byte) []byte { return []byte("hello") },
		"cut off":         func(b []byte) []byte { return b[:len(b)/2] },
		"zeroes":          func(b []byte) []byte { clear(b); return b },
		"noise past meta": func(b []byte) []byte { return append(b[:8192], make([]byte, len(b)-8192)...) },
	}
	for name, do := range damage {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s, err := bolt.Open(folder)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, "aggregator.db")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, do(b), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err = bolt.Open(folder)
			if err == nil {
				_, err = s.At(t.Context())
				s.Close()
			}
			if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
				t.Errorf("opened: %v", err)
			}
		})
	}
}

package config

import "testing"

// TestExact: a test wants exactly its topics only where it says no more.
func TestExact(t *testing.T) {
	c := load(t, "testdata/test-in.good.yaml")
	for i, want := range []bool{false, false, true, false} {
		if c.Tests[i].Exact != want {
			t.Errorf("test %d: exact is %v", i, !want)
		}
	}
}

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// matched are the titles that a query caught, and what was said of how many.
func (d *desk) matched(args ...string) (titles []string, said string) {
	d.t.Helper()
	r := d.run(append([]string{"match", "--json"}, args...)...)
	if r.status != done {
		d.t.Fatalf("match %v: status %d\n%s", args, r.status, r.said)
	}
	for _, l := range lines[matchedLine](d.t, r.out) {
		titles = append(titles, l.Title)
	}
	return titles, r.said
}

// TestMatch tries queries on the kept past, on the store and by way of the
// daemon: both say the same.
func TestMatch(t *testing.T) {
	o := recordedOutlets(t)
	d := newDesk(t, recordedConfig(o, "listen: 127.0.0.1:0\nurl: http://f.example\n"))
	d.run("match", "china").wants(t, done, "nothing is kept yet")
	if _, err := os.Stat(d.path("data")); err == nil {
		t.Error("match made a store")
	}
	d.poll()
	d.must("hide", "https://meridian.example/2020/11/ports")
	offline := tryMatch(t, d)
	r := d.start()
	if asked := tryMatch(t, d); asked != offline {
		t.Errorf("the daemon says otherwise:\n%s", firstDifference(asked, offline))
	}
	r.stop()
}

// tryMatch gives all that was printed.
func tryMatch(t *testing.T, d *desk) (printed string) {
	t.Helper()
	const n = recordedStories - 1 // one is hidden
	for _, c := range []struct {
		args []string
		want int
		of   int
	}{
		{[]string{"*"}, n, n},
		{[]string{"dockers"}, 0, n},
		{[]string{`source:"Harbour Daily" AND lawyer`}, 1, n}, // not by the lead
		{[]string{"topic:China"}, 5, n},
		{[]string{"topic:China NOT topic:\"Human Rights\""}, 2, n},
		{[]string{"*", "--since", "7d"}, 4, 4},
		{[]string{"lawyer", "--topic", "China"}, 1, 5},
		{[]string{"*", "--limit", "3"}, 3, n},
	} {
		titles, said := d.matched(c.args...)
		found := c.want
		if slices.Contains(c.args, "--limit") {
			found = n
		}
		if len(titles) != c.want || !strings.Contains(said, fmt.Sprintf("%d of %d kept stories", found, c.of)) {
			t.Errorf("%v: %q; %s", c.args, titles, said)
		}
		printed += fmt.Sprintln(c.args, titles)
	}
	table := d.says([]string{"match", "lawyer OR 律师"}, "PUBLISHED", "Meridian Wire", "晨报", "律师", "China, Human Rights, China/Human Rights, Everything")
	if at := strings.Index(table, "晨报"); at < 0 || at > strings.Index(table, "Meridian") {
		t.Errorf("not newest first:\n%s", table)
	}
	cut := d.run("match", "*", "--limit", "2")
	if strings.Count(cut.out, "\n") != 3 || !strings.Contains(cut.said, "15 of 15 kept stories; 13 older not shown (--limit 0)") {
		t.Errorf("two of all: %+v", cut)
	}
	if l := lines[matchedLine](t, d.must("match", "--json", "lawyer")); len(l) != 1 || len(l[0].Also) != 2 || !slices.Equal(l[0].Words, []string{"lawyer"}) || len(l[0].Topics) != 4 {
		t.Errorf("%+v", l)
	}
	d.run("match", "china AND (beijing").wants(t, wrongUsage, "this ( is never closed", "\n    china AND (beijing\n              ^\n")
	d.run("match", "中国 AND AND x").wants(t, wrongUsage, "missing after AND", "\n    中国 AND AND x\n         ^\n")
	d.run("match", "lawyer topic:Chnia").wants(t, wrongUsage, `there is no topic "Chnia" (write China)`, "\n    lawyer topic:Chnia\n                 ^\n")
	d.run("match", "two", "words").wants(t, wrongUsage, "in quotes")
	d.run("match", "x", "--topic", "Chnia").wants(t, wrongUsage, "Chnia")
	d.run("match", "x", "--limit", "-1").wants(t, wrongUsage, "--limit")
	if r := d.run("match", "china or tibet"); r.status != done || !strings.Contains(r.said, "write OR for the operator") {
		t.Errorf("a small operator: %+v", r)
	}
	return printed + table
}

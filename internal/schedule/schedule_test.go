package schedule

import (
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rows reads a table of testdata: fields divided by |, # begins a comment.
func rows(t testing.TB, name string) [][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimRight(line, "\n"), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		out = append(out, fields)
	}
	return out
}

func TestBad(t *testing.T) {
	for _, r := range rows(t, "bad.txt") {
		_, _, err := Parse(r[0])
		if err == nil || !strings.Contains(err.Error(), r[1]) {
			t.Errorf("Parse(%q) says %v, want %q", r[0], err, r[1])
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, r := range rows(t, "warn.txt") {
		_, warnings, err := Parse(r[0])
		got := strings.Join(warnings, "; ")
		if err != nil || !strings.Contains(got, r[1]) || (r[1] == "") != (got == "") {
			t.Errorf("Parse(%q) warns %q, %v; want %q", r[0], got, err, r[1])
		}
	}
}

func TestNext(t *testing.T) {
	for _, r := range rows(t, "next.txt") {
		s := must(t, r[0])
		at, err := time.Parse(time.RFC3339, r[1])
		if err != nil {
			t.Fatal(err)
		}
		for want := range strings.FieldsSeq(r[2]) {
			at = s.Next(at)
			if got := at.Format(time.RFC3339); got != want {
				t.Errorf("%s after %s: %s, want %s", r[0], r[1], got, want)
			}
		}
	}
}

func TestString(t *testing.T) {
	if got := must(t, "  CRON_TZ=UTC  0   6 * * *").String(); got != "CRON_TZ=UTC 0 6 * * *" {
		t.Error(got)
	}
}

func TestShortest(t *testing.T) {
	for spec, want := range map[string]time.Duration{
		"*/15 * * * *": 15 * time.Minute, "* * * * *": time.Minute, "@hourly": time.Hour, "@daily": 24 * time.Hour,
		"@yearly": 24 * time.Hour, "*/45 * * * *": 15 * time.Minute, "0 6,8 * * *": 2 * time.Hour, "0 1,23 * * *": 2 * time.Hour,
		"5,10 6 * * *": 5 * time.Minute, "0,59 0,23 * * *": time.Minute, "@every 90s": 90 * time.Second,
	} {
		if got := must(t, spec).Shortest(); got != want {
			t.Errorf("%s: shortest %v, want %v", spec, got, want)
		}
	}
}

func TestZeroScheduleIsNeverDue(t *testing.T) {
	var s Schedule
	if due, _ := s.Due("k", time.Now(), Limits{MinInterval: time.Hour, Last: time.Now()}); !due.IsZero() || !s.IsZero() {
		t.Error(due)
	}
}

func must(t rapid.TB, spec string) Schedule {
	s, _, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// specs are drawn from whole cron fields, zones and @every.
var specs = rapid.Custom(func(t *rapid.T) string {
	if rapid.Bool().Draw(t, "every") {
		return "@every " + FormatDuration(time.Duration(rapid.IntRange(1, 200_000).Draw(t, "s"))*time.Second)
	}
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	return strings.Join([]string{
		"CRON_TZ=" + pick("zone", "UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"),
		pick("minute", "*", "0", "*/15", "7,37", "59"), pick("hour", "*", "*", "0", "2", "*/3", "1-3"),
		pick("day", "*", "*", "1", "31", "*/2"), pick("month", "*", "*", "1,3,11"), pick("weekday", "*", "*", "0", "1-5"),
	}, " ")
})

var moments = rapid.Custom(func(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "unix"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
})

func TestNextIncreasesAndMissesNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := must(t, specs.Draw(t, "spec"))
		after := moments.Draw(t, "after")
		first := s.Next(after)
		if !first.After(after) {
			t.Fatalf("%s: next of %v is %v", s, after, first)
		}
		between := after.Add(time.Duration(rapid.Int64Range(0, int64(first.Sub(after))-1).Draw(t, "between")))
		if again := s.Next(between); !again.Equal(first) {
			t.Fatalf("%s: next of %v is %v, of %v in between %v", s, after, first, between, again)
		}
		if second := s.Next(first); !second.After(first) {
			t.Fatalf("%s: next of %v is %v", s, first, second)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"bad.txt", "next.txt", "warn.txt"} {
		for _, r := range rows(f, name) {
			f.Add(r[0])
		}
	}
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, spec string) {
		s, _, err := Parse(spec)
		if err != nil {
			return
		}
		if !s.Next(now).After(now) || s.Shortest() < time.Second {
			t.Errorf("%q: next %v, shortest %v", spec, s.Next(now), s.Shortest())
		}
		if again, _, err := Parse(s.String()); err != nil || !again.Next(now).Equal(s.Next(now)) {
			t.Errorf("%q is read another way as %q: %v", spec, s, err)
		}
	})
}

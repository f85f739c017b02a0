package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"aggregator/internal/odd"
)

// memoryLimit is the most that the binary may take, whatever it is served.
const memoryLimit = 256 << 20

// oddTimeout is fetch.timeout of the battery, and oddPatience how long any poll
// may take.
const oddTimeout, oddPatience = 2650 * time.Millisecond, oddTimeout + time.Second

// oddConfig polls every behaviour. Only the networks of the odd server are
// allowed: the rest of loopback is where its trap is.
func oddConfig(s *odd.Server, head, more string) string {
	return head + "contact: https://odd.example/contact\nretain: 36500d\ndedupe: { near: false }\n" +
		fmt.Sprintf("fetch: { schedule: \"@every 1m\", min_interval: 0s, spread: 0s, timeout: %s, allow_networks: [%s], per_host: { concurrency: 2, interval: 100ms } }\n", oddTimeout, odd.Network) +
		s.Sources(more) + s.Topics()
}

// TestOdd is the battery: the real binary against every odd thing that sites do,
// in rounds that are a process each, and a table of what came of it.
func TestOdd(t *testing.T) {
	s, d := oddDesk(t, "listen: \"\"\nurl: https://feeds.odd.example\npublish: { max_age: 0, dir: public, also: false }\n", "")
	came := odd.Came{Rounds: map[int][]odd.Line{}, Explain: func(address string) string { return d.run("explain", address).out }, Feed: func(name, form string) string { return d.read(topicFile(name, form)) }}
	peak := peakOf{}
	for round := odd.First; round <= odd.Last; round++ {
		s.Begin(round)
		args := []string{"poll", "--json"}
		if round != odd.Polite {
			args = append(args, "--force")
		}
		began := time.Now()
		cmd := d.command(args...)
		r := peak.run(d, cmd)
		if r.status != done {
			t.Fatalf("round %d: status %d\n%s", round, r.status, r.said)
		}
		report := balanced(t, r.out)
		t.Logf("round %d: %s; %+v, %+v", round, time.Since(began).Round(time.Millisecond), report.Sources, report.Items)
		came.Rounds[round] = lines[odd.Line](t, d.must("sources", "--json"))
	}
	came.Stories = lines[odd.Telling](t, d.must("stories", "--json"))
	judge(t, s.Judge(came))
	name, took := s.Longest()
	t.Logf("the longest poll: %s, %s; the machine was late by up to %s", name, took.Round(time.Millisecond), s.Late().Round(time.Millisecond))
	if took > oddPatience+s.Late() {
		t.Errorf("%s took %s, longer than %s", name, took, oddPatience)
	}
	peak.check(t)
}

// topicFile is where a topic of that name is published.
func topicFile(name, form string) string {
	return "public/topics/" + strings.ReplaceAll(name, ".", "-") + "." + form
}

// BenchmarkOddAttack has all that mean harm at work at once, over and over, and
// reports how often the sound sites beside them were asked of the times that they
// were due, and how many polls came in time: figures, for a busy machine is late
// without any attack. That nobody is starved is held by a test with a clock of its
// own (poll, TestHealthyBesideHanging).
func BenchmarkOddAttack(b *testing.B) {
	const sites, attack = 10, 20 * time.Second
	s, d := oddDesk(b, "listen: 127.0.0.1:0\npublish: { max_age: 0, also: false }\n", ", schedule: \"@every 5s\"")
	feeds, err := s.Sound(sites)
	if err != nil {
		b.Fatal(err)
	}
	var more strings.Builder
	more.WriteString("sources:\n")
	first := []string{"poll"}
	for i, feed := range feeds {
		fmt.Fprintf(&more, "  - { url: %q, name: sound-%d, schedule: \"@every 1s\" }\n", feed, i)
		first = append(first, fmt.Sprint("sound-", i))
	}
	d.write("aggregator.yaml", strings.Replace(d.read("aggregator.yaml"), "sources:\n", more.String(), 1))
	for b.Loop() {
		d.must(first...)
		r := d.start()
		began := time.Now()
		for time.Since(began) < attack {
			balanced(b, d.run(append([]string{"poll", "--json", "--force"}, s.Hostile()...)...).out)
		}
		ended := time.Now()
		inTime(b, r.get("/metrics").body)
		for _, l := range lines[odd.Line](b, d.must("sources", "--json"))[:sites] {
			if l.Error != "" {
				b.Errorf("%s: %s (%s)", l.Name, l.Error, l.Why)
			}
		}
		peak := peakOf{}
		peak.look(r.cmd)
		peak.check(b)
		r.stop()
		undisturbed(b, s.Visits(), began, ended)
	}
}

// undisturbed reports how many of the moments at which the sites were due, once a
// second, they were asked at.
func undisturbed(b *testing.B, visits [][]time.Time, began, ended time.Time) {
	b.Helper()
	got, want := 0, int(ended.Sub(began).Seconds())*len(visits)
	for _, site := range visits {
		for _, at := range site {
			if at.After(began) && at.Before(ended) {
				got++
			}
		}
	}
	b.ReportMetric(100*float64(got)/float64(want), "%-of-due-polls")
}

// inTime reports how many polls took longer than the timeout and a second, whether
// fetched or kept. The histogram has a bucket that ends there.
func inTime(b *testing.B, metrics string) {
	b.Helper()
	bucket := regexp.MustCompile(`aggregator_poll_seconds_bucket{le="3\.64\d*"}`).FindString(metrics)
	within, polls := counted(b, metrics, bucket), counted(b, metrics, "aggregator_poll_seconds_count")
	if polls == 0 {
		b.Error("nothing was polled")
	}
	b.ReportMetric(polls, "polls")
	b.ReportMetric(polls-within, "late-polls")
}

func oddDesk(t testing.TB, head, more string) (*odd.Server, *desk) {
	t.Helper()
	s, err := odd.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	d := newDesk(t, oddConfig(s, head, more))
	for name, data := range s.Files() {
		if err := os.WriteFile(d.path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s, d
}

// judge prints the table, and fails for each line that is not as wanted.
func judge(t *testing.T, verdicts []odd.Verdict) {
	t.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\tFAMILY\tBEHAVIOUR\t\tEXPECTED\tSEEN\tCITES")
	musts, passed, names := 0, 0, map[string]bool{}
	for _, v := range verdicts {
		if names[v.Name] {
			t.Errorf("two behaviours are called %s", v.Name)
		}
		names[v.Name] = true
		mark, weight, seen := "ok", "should", v.Seen
		if v.Must {
			weight = "must"
			musts++
		}
		if v.Fault != "" {
			mark, seen = "FAIL", v.Fault+" ("+v.Seen+")"
			t.Errorf("%s/%s: %s\n\twanted: %s (%s)\n\tseen: %s", v.Family, v.Name, v.Fault, v.Want, v.Cites, v.Seen)
		} else {
			passed++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark, v.Family, v.Name, weight, oneRow(v.Want, 60), oneRow(seen, 110), oneRow(v.Cites, 60))
	}
	w.Flush()
	t.Logf("%d behaviours, %d of them musts; %d as expected\n%s", len(verdicts), musts, passed, table.String())
	if len(verdicts) < 130 {
		t.Errorf("only %d behaviours", len(verdicts))
	}
}

func oneRow(s string, most int) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "?")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// peakOf is the most memory that a process took. It is not what the process is
// said to have used when it has ended (Maxrss): that begins with the memory of
// this test, from which it was forked.
type peakOf struct {
	bytes int64
	args  []string
}

// run runs a command, and looks at its high-water mark until it has ended.
func (p *peakOf) run(d *desk, cmd *exec.Cmd) result {
	d.t.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		p.look(cmd)
		select {
		case <-ended:
			tick.Stop()
			return result{out.String(), said.String(), cmd.ProcessState.ExitCode()}
		case <-tick.C:
		}
	}
}

// look reads the high-water mark of a process that runs; one that has ended has
// none.
func (p *peakOf) look(cmd *exec.Cmd) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return
	}
	_, mark, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if fmt.Sscan(mark, &kib); kib<<10 > p.bytes {
		p.bytes, p.args = kib<<10, cmd.Args[1:]
	}
}

func (p *peakOf) check(t testing.TB) {
	t.Helper()
	if p.bytes == 0 || p.bytes > memoryLimit {
		t.Errorf("peak memory: %d MiB in %v, want at most %d", p.bytes>>20, p.args, memoryLimit>>20)
	}
	t.Logf("peak memory: %d MiB in %v", p.bytes>>20, p.args)
}

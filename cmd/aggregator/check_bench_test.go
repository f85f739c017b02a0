package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkCheck has the binary check 10 and then 10,000 rules of five terms,
// and 5,000 tests of them, and reports CPU and peak memory of each process.
func BenchmarkCheck(b *testing.B) {
	binary, dir := buildBinary(b), b.TempDir()
	for _, size := range []struct{ rules, tests int }{{10, 0}, {10_000, 0}, {10_000, 5_000}} {
		b.Run(fmt.Sprintf("%d rules, %d tests", size.rules, size.tests), func(b *testing.B) {
			path := filepath.Join(dir, "aggregator.yaml")
			if err := os.WriteFile(path, []byte(manyRules(size.rules, size.tests)), 0o600); err != nil {
				b.Fatal(err)
			}
			var cpu, peak float64
			for b.Loop() {
				cmd := exec.Command(binary, "check", "-c", path)
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v: %.2000s", err, out)
				}
				used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
				cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
				peak = max(peak, float64(used.Maxrss<<10)/(1<<20))
			}
			b.ReportMetric(cpu/float64(b.N), "CPU-s/check")
			b.ReportMetric(peak, "MiB-peak")
		})
	}
}

// manyRules is a configuration with so many topics, each with a rule of five
// terms in one of five shapes, and tests that pass.
func manyRules(rules, tests int) string {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() any {
		const syllables = "ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru sa se si so su ta te ti to tu"
		s := strings.Fields(syllables)
		return s[random.IntN(len(s))] + s[random.IntN(len(s))] + s[random.IntN(len(s))] + "tion"
	}
	shapes := []string{
		`%s OR %s OR %s OR %s OR %s`, `%s AND (%s OR %s OR %s* OR %s)`, `"%s %s" OR %s NEAR/8 %s OR title:%s`,
		`2 of (%s, %s, %s, %s, %s)`, `(%s OR %s OR %s) NOT (%s OR %s)`,
	}
	var y strings.Builder
	y.WriteString("sources: [{ url: https://example.org/a }]\ntopics:\n")
	for i := range rules {
		fmt.Fprintf(&y, "  - { name: T%d, match: '%s' }\n", i, fmt.Sprintf(shapes[i%len(shapes)], word(), word(), word(), word(), word()))
	}
	if tests > 0 {
		y.WriteString("tests:\n")
	}
	for i := range tests {
		fmt.Fprintf(&y, "  - { item: { title: A minister of agriculture resigned, text: %s %s %s, language: en }, not: [T%d] }\n", word(), word(), word(), i%rules/5*5+1)
	}
	return y.String()
}

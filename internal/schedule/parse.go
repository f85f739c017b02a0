package schedule

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Parse reads a five-field cron spec, a descriptor such as @hourly, or
// `@every 30m` (whole seconds; d and w are units too). CRON_TZ=Europe/Berlin
// or TZ=… may come first; without it the zone is UTC.
//
// The error says what to write instead. Warnings are about specs that are
// right but surely not what was meant.
func Parse(spec string) (Schedule, []string, error) {
	s, warnings, err := parse(strings.Join(strings.Fields(spec), " "))
	if err != nil {
		return Schedule{}, nil, fmt.Errorf("schedule %q: %w", spec, err)
	}
	return s, warnings, nil
}

func parse(spec string) (Schedule, []string, error) {
	rest, zone, err := cutZone(spec)
	if err != nil {
		return Schedule{}, nil, err
	}
	s := Schedule{text: spec, zone: zone}
	if every, ok := strings.CutPrefix(rest, "@every"); ok {
		return parseEvery(s, strings.TrimSpace(every), rest != spec)
	}
	if strings.HasPrefix(rest, "@") {
		return parseDescriptor(s, rest)
	}
	return parseFields(s, rest)
}

// cutZone takes CRON_TZ= off: robfig panics on one without a space after it.
func cutZone(spec string) (rest string, zone *time.Location, err error) {
	name, ok := strings.CutPrefix(spec, "CRON_TZ=")
	if !ok {
		name, ok = strings.CutPrefix(spec, "TZ=")
	}
	if !ok {
		return spec, time.UTC, nil
	}
	name, rest, _ = strings.Cut(name, " ")
	if rest == "" {
		return "", nil, errors.New(`the time zone stands alone (write the five fields after it: "CRON_TZ=Europe/Berlin 0 6 * * *")`)
	}
	zone, err = time.LoadLocation(name)
	if err != nil || name == "" {
		return "", nil, fmt.Errorf("there is no time zone %q (write a name such as Europe/Berlin or UTC)", name)
	}
	return rest, zone, nil
}

func parseEvery(s Schedule, text string, zoned bool) (Schedule, []string, error) {
	d, err := ParseDuration(text)
	switch {
	case err != nil:
		return s, nil, fmt.Errorf("%q is no duration (write @every 30m)", text)
	case d < time.Second || d%time.Second != 0:
		// robfig makes one second of @every 1ms, silently.
		return s, nil, errors.New("@every counts in whole seconds (write @every 1s or more)")
	}
	s.every, s.shortest = d, d
	if zoned {
		return s, []string{"the time zone does nothing for @every (leave it out)"}, nil
	}
	return s, nil, nil
}

func parseDescriptor(s Schedule, rest string) (Schedule, []string, error) {
	switch rest {
	case "@reboot":
		return s, nil, errors.New("@reboot is no time (write @hourly; after a restart what is overdue is polled anyway)")
	case "@minutely":
		return s, nil, errors.New("there is no @minutely (write @every 1m)")
	}
	return finish(s, rest, fmt.Errorf("there is no %s (write @hourly, @daily, @weekly, @monthly, @yearly or @every 30m)", rest))
}

func parseFields(s Schedule, rest string) (Schedule, []string, error) {
	fields := strings.Fields(rest)
	if err := checkCount(rest, fields); err != nil {
		return s, nil, err
	}
	var warnings []string
	for i, name := range []string{"minute", "hour", "day", "month", "weekday"} {
		if err := checkField(name, fields[i]); err != nil {
			return s, nil, err
		}
		if w := oddStep(name, fields[i]); w != "" {
			warnings = append(warnings, w)
		}
	}
	s, _, err := finish(s, rest, nil)
	return s, warnings, err
}

// finish has robfig parse, and refuses what would never run.
func finish(s Schedule, rest string, instead error) (Schedule, []string, error) {
	parsed, err := cron.ParseStandard(rest)
	if err != nil {
		if instead == nil {
			instead = fmt.Errorf(`%w (write five fields: minute hour day month weekday, such as "*/15 * * * *")`, err)
		}
		return s, nil, instead
	}
	c, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return s, nil, instead
	}
	c.Location = time.Local // that is: of the moment given
	s.cron = c
	s.byHand = bits.OnesCount64(c.Hour&allHours) < 24
	s.shortest = shortest(c)
	if s.nextSteady(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return s, nil, errors.New("no such day ever comes (write a day that the month has)")
	}
	return s, nil, nil
}

const (
	allMinutes = 1<<60 - 1
	allHours   = 1<<24 - 1
	dayMinutes = 24 * 60
)

// shortest is the least time between two runs. Each day is counted as followed
// by the next, whatever days are named: too short does no harm.
func shortest(c *cron.SpecSchedule) time.Duration {
	last, least := -1, dayMinutes
	for m := range 2 * dayMinutes {
		if c.Hour&(1<<(m/60%24)) == 0 || c.Minute&(1<<(m%60)) == 0 {
			continue
		}
		if last >= 0 {
			least = min(least, m-last)
		}
		last = m
	}
	return time.Duration(least) * time.Minute
}

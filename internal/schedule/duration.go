package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDays is what fits a time.Duration, 290 years.
const maxDays = 106_000

// ParseDuration reads durations as people write them in a configuration: 30s,
// 15m, 1h30m, 7d, 2w, and 0. A day is 24 hours. Never below zero.
func ParseDuration(text string) (time.Duration, error) {
	if text == "" || strings.ContainsAny(text, "+- ") {
		return 0, errors.New("a duration is a number with a unit, such as 30s, 15m or 7d")
	}
	weeks, rest, err := cutUnit(text, "w")
	if err != nil {
		return 0, err
	}
	days, rest, err := cutUnit(rest, "d")
	if err != nil {
		return 0, err
	}
	if days += 7 * weeks; days > maxDays {
		return 0, errors.New("a duration ends at 106000d")
	}
	d := time.Duration(days) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	clock, err := time.ParseDuration(rest)
	if err != nil {
		return 0, fmt.Errorf("%q is no number with a unit of s, m, h, d or w", rest)
	}
	if d+clock < 0 {
		return 0, errors.New("a duration ends at 106000d")
	}
	return d + clock, nil
}

// FormatDuration writes d as [ParseDuration] reads it, as short as it goes.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "0"
	case d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func cutUnit(text, unit string) (n int, rest string, err error) {
	number, rest, found := strings.Cut(text, unit)
	if !found {
		return 0, text, nil
	}
	n, err = strconv.Atoi(number)
	if err != nil || n > maxDays {
		return 0, "", fmt.Errorf("%q is no whole number of %s", number, map[string]string{"w": "weeks", "d": "days"}[unit])
	}
	return n, rest, nil
}

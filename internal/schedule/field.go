package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// checkCount wants five fields, and knows what the others meant.
func checkCount(rest string, fields []string) error {
	const five = `five fields: minute hour day month weekday, such as "*/15 * * * *"`
	switch n := len(fields); {
	case n == 5:
		return nil
	case n == 0:
		return errors.New("there is nothing in it (write " + five + ", or @hourly)")
	case n == 6:
		return fmt.Errorf("it has six fields, seconds first it seems (write %q, or @every 30s)", strings.Join(fields[1:], " "))
	default:
		if _, err := ParseDuration(rest); err == nil {
			return fmt.Errorf("a duration alone is no schedule (write @every %s)", rest)
		}
		return fmt.Errorf("it has %d fields (write %s)", n, five)
	}
}

// checkField refuses what robfig takes for something else, or refuses without
// a word of help.
func checkField(name, field string) error {
	for part := range strings.SplitSeq(field, ",") {
		switch {
		case part == "":
			return fmt.Errorf("the %s %q has an empty part (write values with single commas, such as 0,30)", name, field)
		case len(part) > 1 && strings.Contains("*?", part[:1]) && part[1] != '/':
			// robfig reads *-5 as *.
			return fmt.Errorf("the %s %q says both all and some (write * or a range such as 1-5)", name, part)
		}
		if err := checkValues(name, part); err != nil {
			return err
		}
	}
	return nil
}

func checkValues(name, part string) error {
	values, _, _ := strings.Cut(part, "/")
	low, high, ranged := strings.Cut(values, "-")
	if name == "weekday" && (low == "7" || high == "7") {
		return fmt.Errorf("weekday 7 is not known here (write 0 for Sunday, as in %q)", sunday(values))
	}
	letters := strings.Trim(part, "0123456789")
	if strings.Contains(part, "#") || letters == "L" || letters == "W" || letters == "LW" {
		return fmt.Errorf("the %s %q is of another cron: L, W and # are not known here (write numbers, or two schedules)", name, part)
	}
	a, errA := strconv.Atoi(low)
	b, errB := strconv.Atoi(high)
	if ranged && errA == nil && errB == nil && a > b {
		first, last := span(name)
		return fmt.Errorf("the %s range %s runs backwards (write %d-%d,%d-%d)", name, values, a, last, first, b)
	}
	return nil
}

// sunday writes a weekday range with 7 in it as cron knows it.
func sunday(values string) string {
	low, _, ranged := strings.Cut(values, "-")
	n, err := strconv.Atoi(low)
	switch {
	case !ranged || err != nil || n >= 7:
		return "0"
	case n <= 1:
		return "*"
	case n == 6:
		return "6,0"
	}
	return fmt.Sprintf("%d-6,0", n)
}

func span(name string) (first, last int) {
	switch name {
	case "minute":
		return 0, 59
	case "hour":
		return 0, 23
	case "day":
		return 1, 31
	case "month":
		return 1, 12
	}
	return 0, 6
}

// oddStep warns of a step that does not do what it seems to: */90 minutes is
// hourly, */45 runs at :00 and :45.
func oddStep(name, field string) string {
	if name != "minute" && name != "hour" {
		return ""
	}
	_, step, _ := strings.Cut(field, "/")
	n, err := strconv.Atoi(step)
	_, last := span(name)
	whole := last + 1
	switch unit := name[:1]; {
	case err != nil || n <= 0 || strings.Contains(field, ",") || !strings.HasPrefix(field, "*"):
		return ""
	case n >= whole:
		return fmt.Sprintf("*/%d in the %s field runs at %s 0 only (write @every %d%s)", n, name, name, n, unit)
	case whole%n != 0:
		return fmt.Sprintf("*/%d in the %s field starts anew at %s 0, so its last step is shorter (write @every %d%s for even steps)", n, name, name, n, unit)
	}
	return ""
}

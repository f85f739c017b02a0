package fetch

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"aggregator/internal/canon"
)

// firstYear: dates before are 0, epochs and typing errors, not claims. No feed
// format is older than 1997; 1990 leaves room for archives.
const firstYear = 1990

// longestDate in bytes; what is longer is text.
const longestDate = 128

// date is the first of the raw dates that can be read; the parser's own
// reading of the first one counts as such. Zero where there is none to believe.
func date(parsed *time.Time, raws []string) time.Time {
	for i, raw := range raws {
		t, ok := time.Time{}, false
		if raw == "" {
			continue
		}
		if i == 0 && parsed != nil {
			t, ok = *parsed, true
		} else {
			t, ok = readDate(raw)
		}
		if ok && t.Year() >= firstYear && t.Year() < 10000 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// readDate reads the dates that RFC 822 and RFC 3339 name and those that are
// found instead: in other languages, without spaces, without seconds, basic
// ISO, 24:00, seconds since 1970. Without a zone it is UTC.
func readDate(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, strings.TrimSpace(s)); err == nil {
		return t, true
	}
	if len(s) > longestDate {
		return time.Time{}, false
	}
	d := dateReader{s: plainDate(s)}
	if !d.epoch() {
		d.read()
	}
	return d.time()
}

// plainDate folds case, accents and digits of other scripts, and writes East
// Asian dates with the signs of others: 2004년 5월 28일 오후 11:31.
func plainDate(s string) string {
	s = strings.NewReplacer("年", "-", "月", "-", "日", " ", "時", ":", "时", ":", "点", ":", "分", ":", "秒", " ",
		"년", "-", "월", "-", "일", " ", "시", ":", "분", ":", "초", " ",
		"오전", " am ", "오후", " pm ", "上午", " am ", "下午", " pm ", "午前", " am ", "午後", " pm ",
		"a.m.", "am", "p.m.", "pm", "A.M.", "am", "P.M.", "pm", "- ", "-").Replace(s)
	return strings.Map(func(r rune) rune {
		switch {
		case 0x660 <= r && r <= 0x669: // Arabic
			return '0' + r - 0x660
		case 0x6f0 <= r && r <= 0x6f9: // Persian
			return '0' + r - 0x6f0
		case 0x966 <= r && r <= 0x96f: // Hindi
			return '0' + r - 0x966
		}
		return r
	}, canon.Fold(s))
}

// dateReader takes a date apart from left to right.
type dateReader struct {
	s                string
	year, day        int
	month            time.Month
	hour, min, sec   int
	nano             int
	zone             int // seconds east of Greenwich
	hasTime, hasZone bool
	pm, am           bool
	early            bool  // the month stood before any number
	numbers          []int // that are neither clock nor zone, in order
	sep              byte  // between the first two of them
	at               time.Time
}

// epoch reads seconds or milliseconds since 1970, which JSON feeds have.
func (d *dateReader) epoch() bool {
	s := strings.TrimSpace(d.s)
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && len(s) == 10:
		d.at = time.Unix(n, 0)
	case err == nil && len(s) == 13:
		d.at = time.UnixMilli(n)
	default:
		return false
	}
	return true
}

func (d *dateReader) read() {
	for d.s != "" {
		switch c := d.s[0]; {
		case '0' <= c && c <= '9':
			d.number()
		case (c == '+' || c == '-') && d.hasTime:
			d.offset()
		case c < 0x80 && !unicode.IsLetter(rune(c)):
			if len(d.numbers) == 1 && c != ' ' {
				d.sep = c
			}
			d.s = d.s[1:]
		default:
			d.word()
		}
	}
}

// number takes a run of digits: a clock where ":" follows, a basic ISO date
// of eight (and clock of four or six) digits, else a number of the date.
func (d *dateReader) number() {
	run := digits(d.s)
	rest := d.s[len(run):]
	switch {
	case strings.HasPrefix(rest, ":") && len(run) <= 2 && !d.hasTime && len(digits(rest[1:])) > 0:
		d.clock()
		return
	case len(run) == 8 && len(d.numbers) == 0:
		d.numbers = append(d.numbers, atoi(run[:4]), atoi(run[4:6]), atoi(run[6:]))
	case len(run) == 14 && len(d.numbers) == 0:
		d.numbers = append(d.numbers, atoi(run[:4]), atoi(run[4:6]), atoi(run[6:8]))
		d.hour, d.min, d.sec, d.hasTime = atoi(run[8:10]), atoi(run[10:12]), atoi(run[12:]), true
	case (len(run) == 4 || len(run) == 6) && len(d.numbers) == 3 && !d.hasTime:
		d.hour, d.min, d.hasTime = atoi(run[:2]), atoi(run[2:4]), true
		if len(run) == 6 {
			d.sec = atoi(run[4:])
		}
	default:
		d.numbers = append(d.numbers, atoi(run))
	}
	d.s = rest
}

// clock takes H:MM, H:MM:SS and fractions.
func (d *dateReader) clock() {
	d.hasTime = true
	for i, field := range [...]*int{&d.hour, &d.min, &d.sec} {
		run := digits(d.s)
		*field = atoi(run)
		d.s = d.s[len(run):]
		if i == 2 || !strings.HasPrefix(d.s, ":") || len(digits(d.s[1:])) == 0 {
			break
		}
		d.s = d.s[1:]
	}
	if strings.HasPrefix(d.s, ".") || strings.HasPrefix(d.s, ",") {
		if run := digits(d.s[1:]); run != "" {
			d.nano = atoi((run + "000000000")[:9])
			d.s = d.s[1+len(run):]
		}
	}
}

// offset takes +hh, +hhmm and +hh:mm. A second sign, as in "--0700", is a slip.
func (d *dateReader) offset() {
	sign := 1
	if d.s[0] == '-' {
		sign = -1
	}
	d.s = strings.TrimLeft(d.s, "+-")
	run := digits(d.s)
	d.s = d.s[len(run):]
	if run == "" || len(run) > 4 {
		return
	}
	h, m := atoi(run), 0
	if len(run) > 2 {
		h, m = atoi(run[:len(run)-2]), atoi(run[len(run)-2:])
	} else if rest, ok := strings.CutPrefix(d.s, ":"); ok {
		run = digits(rest)
		m, d.s = atoi(run), rest[len(run):]
	}
	if h <= 14 && m < 60 {
		d.zone, d.hasZone = sign*(h*3600+m*60), true
	}
}

func (d *dateReader) word() {
	end := strings.IndexFunc(d.s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	if end <= 0 {
		end = len(d.s)
		if r := []rune(d.s)[0]; !unicode.IsLetter(r) {
			end = len(string(r))
		}
	}
	w := d.s[:end]
	d.s = d.s[end:]
	switch w {
	case "am", "μμ", "πμ":
		d.am, d.pm = w != "μμ", w == "μμ"
		return
	case "pm":
		d.pm = true
		return
	}
	if z, ok := zoneOf(w); ok && d.hasTime && !d.hasZone {
		d.zone, d.hasZone = z, true
		return
	}
	// A weekday may look like a month (mardi, 10 juin): what stands before the
	// first number gives way.
	if m := monthOf(w); m != 0 && (d.month == 0 || d.early && !d.hasTime) {
		d.month, d.early = m, len(d.numbers) == 0
	}
}

func (d *dateReader) time() (time.Time, bool) {
	if !d.at.IsZero() {
		return d.at, true
	}
	if !d.place() || d.day < 1 || d.day > 31 || d.month < 1 || d.month > 12 || d.hour > 24 || d.min > 59 || d.sec > 61 {
		return time.Time{}, false
	}
	if d.pm && d.hour < 12 {
		d.hour += 12
	}
	if d.am && d.hour == 12 {
		d.hour = 0
	}
	return time.Date(d.year, d.month, d.day, d.hour, d.min, d.sec, d.nano, time.FixedZone("", d.zone)), true
}

// place says which number is the day, which the month, which the year.
func (d *dateReader) place() bool {
	ns := d.numbers
	switch {
	case d.month != 0 && len(ns) >= 2 && ns[0] > 31:
		d.year, d.day = ns[0], ns[1] // 2006 January 02
	case d.month != 0 && len(ns) >= 2:
		d.day, d.year = ns[0], ns[1]
	case d.month != 0:
		return false
	case len(ns) >= 3 && ns[0] > 31, len(ns) >= 3 && ns[2] <= 31 && d.sep == '-':
		d.year, d.month, d.day = ns[0], time.Month(ns[1]), ns[2]
	case len(ns) >= 3 && (d.sep == '.' || ns[0] > 12):
		d.day, d.month, d.year = ns[0], time.Month(ns[1]), ns[2]
	case len(ns) >= 3:
		d.month, d.day, d.year = time.Month(ns[0]), ns[1], ns[2]
	case len(ns) == 2 && ns[0] > 31 && ns[1] > 12 && ns[1] <= 366: // day of the year (ISO 8601 5.2.2)
		t := time.Date(ns[0], 1, ns[1], 0, 0, 0, 0, time.UTC)
		d.year, d.month, d.day = t.Date()
	case len(ns) == 2 && ns[0] > 31:
		d.year, d.month, d.day = ns[0], time.Month(ns[1]), 1
	case len(ns) == 1 && ns[0] > 1000 && ns[0] < 3000:
		d.year, d.month, d.day = ns[0], 1, 1
	default:
		return false
	}
	switch { // RFC 2822 4.3
	case d.year < 50:
		d.year += 2000
	case d.year < 1000:
		d.year += 1900
	}
	return true
}

func digits(s string) string {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return s[:i]
}

// atoi of a run of digits; what is too long is no number of a date.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n > 1e9 {
		return 1e9
	}
	return n
}

package fetch

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"aggregator/internal/news"
)

// paceOf is how often a feed asks to be read: RSS 2.0 ttl (minutes), skipHours and
// skipDays; else sy:updatePeriod and sy:updateFrequency (RSS 1.0 Syndication).
func paceOf(f *rss.Feed) news.Pace {
	p := syndication(f.Extensions)
	if n, err := strconv.Atoi(strings.TrimSpace(f.TTL)); err == nil && n > 0 {
		every := time.Duration(min(n, 7*24*60)) * time.Minute
		p = news.Pace{Every: every, Why: fmt.Sprintf("ttl %s", every)}
	}
	p.Hours, p.Days = hours(f.SkipHours), days(f.SkipDays)
	return p
}

// syndication: so many times a period, hourly to yearly; once where none is
// given. A period that is missing is a day.
func syndication(x ext.Extensions) news.Pace {
	period, often := strings.ToLower(strings.TrimSpace(value(x, "sy", "updatePeriod"))), strings.TrimSpace(value(x, "sy", "updateFrequency"))
	if period == "" && often == "" {
		return news.Pace{}
	}
	const day = 24 * time.Hour
	lengths := map[string]time.Duration{"": day, "hourly": time.Hour, "daily": day, "weekly": 7 * day, "monthly": 30 * day, "yearly": 365 * day}
	n, err := strconv.Atoi(often)
	if err != nil || n < 1 {
		n = 1
	}
	every := lengths[period] / time.Duration(n)
	if every == 0 {
		return news.Pace{}
	}
	return news.Pace{Every: every, Why: fmt.Sprintf("sy:updatePeriod %s", every)}
}

// hours are a bit each; some count from 1 to 24 (RSS 0.91).
func hours(ss []string) (set int) {
	for _, s := range ss {
		if h, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && h >= 0 && h <= 24 {
			set |= 1 << (h % 24)
		}
	}
	return set
}

func days(ss []string) (set int) {
	for _, s := range ss {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(strings.TrimSpace(s), d.String()) {
				set |= 1 << d
			}
		}
	}
	return set
}

// cloudOf is the address at which rssCloud takes registrations.
func cloudOf(c *rss.Cloud) string {
	if c == nil || strings.TrimSpace(c.Domain) == "" {
		return ""
	}
	scheme, host := "http", strings.TrimSpace(c.Domain)
	switch port := strings.TrimSpace(c.Port); port {
	case "", "80":
	case "443":
		scheme = "https"
	default:
		host = net.JoinHostPort(host, port)
	}
	return scheme + "://" + host + "/" + strings.TrimPrefix(strings.TrimSpace(c.Path), "/")
}

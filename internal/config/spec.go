package config

import "time"

// The file as it is written. The decoder walks these types, the schema is
// generated from them, and Show prints through them: a key stands here once.
// Tags: yaml is the key, doc what editors show, default what holds without it.

type file struct {
	Include []value[string] `yaml:"include" doc:"Other files whose sources, topics and tests belong to this one; paths relative to this file."`

	Title   value[string]        `yaml:"title" default:"Aggregator" doc:"The title of the site."`
	URL     value[string]        `yaml:"url" doc:"The public address; default http://LISTEN."`
	Contact value[string]        `yaml:"contact" doc:"Sent to publishers in the User-Agent: a page about you, or an e-mail address."`
	Listen  value[string]        `yaml:"listen" default:"127.0.0.1:8080" doc:"Host and port to serve on; empty serves nothing (then use publish.dir)."`
	Store   storeSpec            `yaml:"store"`
	Retain  value[time.Duration] `yaml:"retain" default:"30d" doc:"Stories are forgotten after this."`

	Fetch   fetchSpec    `yaml:"fetch" doc:"How sources are asked."`
	Sources []sourceSpec `yaml:"sources" doc:"What is polled."`
	Topics  []topicSpec  `yaml:"topics" doc:"What is published."`
	Dedupe  dedupeSpec   `yaml:"dedupe" doc:"How copies of one story are found."`
	Publish publishSpec  `yaml:"publish" doc:"What the feeds hold."`
	Tests   []testSpec   `yaml:"tests" doc:"Items, and the topics that they must and must not reach; run by aggregator check."`
}

// included is what an included file may hold: the rest belongs in the main
// file, where it stands once.
type included struct {
	Include []value[string] `yaml:"include"`
	Sources []sourceSpec    `yaml:"sources"`
	Topics  []topicSpec     `yaml:"topics"`
	Tests   []testSpec      `yaml:"tests"`
}

type storeSpec struct {
	URL          value[string] `yaml:"url" default:"file:data" doc:"file:FOLDER is embedded; or redis://, rediss://, unix://, redis+sentinel://host,host/master/db, redis+cluster://host,host."`
	User         value[string] `yaml:"user" doc:"User name, where the address has none."`
	Password     value[string] `yaml:"password" doc:"Better in password_file or ${VAR}."`
	PasswordFile value[string] `yaml:"password_file" doc:"File with the password."`
	Prefix       value[string] `yaml:"prefix" doc:"Begins every key, so that several sites share one Redis."`
	TLS          *tlsSpec      `yaml:"tls" doc:"Certificates for rediss://."`
}

type tlsSpec struct {
	CAFile   value[string] `yaml:"ca_file" doc:"Certificates to trust, PEM."`
	CertFile value[string] `yaml:"cert_file" doc:"Client certificate, PEM."`
	KeyFile  value[string] `yaml:"key_file" doc:"Key of the client certificate, PEM."`
}

type fetchSpec struct {
	Schedule      value[string]        `yaml:"schedule" default:"*/15 * * * *" doc:"For every source that has none: five-field cron, @hourly, @every 30m; CRON_TZ=Europe/Berlin may come first, else UTC."`
	Spread        value[time.Duration] `yaml:"spread" default:"5m" doc:"Steady offset per source inside the slot: no thundering herd at :00."`
	MinInterval   value[time.Duration] `yaml:"min_interval" default:"5m" doc:"The floor under every schedule."`
	Timeout       value[time.Duration] `yaml:"timeout" default:"30s" doc:"For one answer, whole."`
	MaxSize       value[size]          `yaml:"max_size" default:"10MiB" doc:"Of one document, after decompression."`
	Concurrency   value[int]           `yaml:"concurrency" default:"64" doc:"Polls at one time."`
	PerHost       perHostSpec          `yaml:"per_host" doc:"Limits for each host."`
	AllowNetworks []value[string]      `yaml:"allow_networks" doc:"Private and loopback networks that may be asked, such as 127.0.0.0/8; all others of that kind are refused."`
	Proxy         value[string]        `yaml:"proxy" doc:"http://, https:// or socks5:// address; empty for none."`
}

type perHostSpec struct {
	Concurrency value[int]           `yaml:"concurrency" default:"2" doc:"Polls of one host at one time."`
	Interval    value[time.Duration] `yaml:"interval" default:"1s" doc:"Between two polls of one host."`
}

type sourceSpec struct {
	spot

	URL             value[string]        `yaml:"url" doc:"Address of the feed."`
	OPML            value[string]        `yaml:"opml" doc:"Instead of url: a file of subscriptions. Each becomes a source with the other keys of this entry."`
	Name            value[string]        `yaml:"name" doc:"What people call it; default the feed's own title."`
	Schedule        value[string]        `yaml:"schedule" doc:"As fetch.schedule."`
	Tier            value[int]           `yaml:"tier" doc:"1 is preferred when copies compete; default 5."`
	Topics          []value[string]      `yaml:"topics" doc:"Every story of it is in these topics, whatever its words."`
	Tags            []value[string]      `yaml:"tags" doc:"Words for rules to ask for: tag:ngo."`
	Drop            value[string]        `yaml:"drop" doc:"Query: items that it catches are dropped."`
	Keep            value[string]        `yaml:"keep" doc:"Query: items that it does not catch are dropped."`
	Language        value[string]        `yaml:"language" doc:"BCP 47 tag; overrides what the feed says."`
	Headers         dict[string]         `yaml:"headers" doc:"Sent with every request."`
	HeadersFile     dict[string]         `yaml:"headers_file" doc:"As headers, but each value is a file that holds it."`
	BasicAuth       *authSpec            `yaml:"basic_auth" doc:"User and password."`
	BearerToken     value[string]        `yaml:"bearer_token" doc:"Better in bearer_token_file or ${VAR}."`
	BearerTokenFile value[string]        `yaml:"bearer_token_file" doc:"File with the token."`
	TLS             *tlsSpec             `yaml:"tls" doc:"Client certificate, own certificate authority."`
	Timeout         value[time.Duration] `yaml:"timeout" doc:"As fetch.timeout."`
	MaxSize         value[size]          `yaml:"max_size" doc:"As fetch.max_size."`
	MinInterval     value[time.Duration] `yaml:"min_interval" doc:"As fetch.min_interval."`
	Proxy           value[string]        `yaml:"proxy" doc:"As fetch.proxy."`
	Discover        value[bool]          `yaml:"discover" doc:"Where url is a page, follow it to the feed that it names."`
	Dedupe          *sourceDedupeSpec    `yaml:"dedupe" doc:"How copies are found of this source's items."`
}

type sourceDedupeSpec struct {
	Near value[bool] `yaml:"near" doc:"false: never by text that is nearly the same; true: within this source, too. Without it as dedupe.near says, and between sources only."`
}

type authSpec struct {
	spot

	User         value[string] `yaml:"user" doc:"User name."`
	Password     value[string] `yaml:"password" doc:"Better in password_file or ${VAR}."`
	PasswordFile value[string] `yaml:"password_file" doc:"File with the password."`
}

type topicSpec struct {
	spot

	Name    value[string] `yaml:"name" doc:"China/Human Rights is below China."`
	Match   value[string] `yaml:"match" doc:"Query: stories that it catches are in the topic."`
	Score   *scoreSpec    `yaml:"score" doc:"Instead of match: weighted queries and a threshold."`
	LookIn  value[string] `yaml:"look_in" doc:"Where plain terms look: all, title, summary and text; or head, of the text the beginning alone. Default all."`
	Publish *feedSpec     `yaml:"publish" doc:"As publish, for this topic."`
}

type scoreSpec struct {
	Threshold value[float64] `yaml:"threshold" doc:"The weights of the terms that match must reach it."`
	Terms     dict[float64]  `yaml:"terms" doc:"Query to weight."`
}

type dedupeSpec struct {
	Window value[time.Duration] `yaml:"window" default:"7d" doc:"How far back a copy is looked for."`
	Near   value[bool]          `yaml:"near" default:"true" doc:"Text that is nearly the same, between sources; exact copies are always found."`
	Events value[string]        `yaml:"events" default:"off" doc:"group links stories that tell of one event, in feeds and on pages, and merges none; off does not."`
	Prefer []value[string]      `yaml:"prefer" default:"tier fullest earliest" doc:"Which telling leads a story: tier, fullest, earliest."`
}

// feedSpec is what a topic may set for itself.
type feedSpec struct {
	Formats      []value[string]      `yaml:"formats" default:"atom rss json" doc:"atom, rss, json."`
	Items        value[int]           `yaml:"items" default:"100" doc:"Stories in a feed; 0 for all."`
	MaxAge       value[time.Duration] `yaml:"max_age" default:"30d" doc:"Oldest story in a feed; 0 for all."`
	MaxPerSource value[int]           `yaml:"max_per_source" default:"0" doc:"Stories of one day (UTC) that one source may lead in a feed, those that came first; the others are in its archives. 0 for no cap."`
	Content      value[string]        `yaml:"content" default:"full" doc:"full or summary."`
	Also         value[bool]          `yaml:"also" default:"true" doc:"Also reported by …, at the foot of a story."`
	Access       *accessSpec          `yaml:"access" doc:"Who may read; everyone without it. Private topics are in no list, and not in dir."`
}

type accessSpec struct {
	spot

	Tokens     []value[string] `yaml:"tokens" doc:"Each opens the feed as part of its address. Better in tokens_file or ${VAR}."`
	TokensFile value[string]   `yaml:"tokens_file" doc:"File with a token a line."`
	BasicAuth  *authSpec       `yaml:"basic_auth" doc:"User and password."`
}

type publishSpec struct {
	feedSpec `yaml:",inline"`
	Dir      value[string] `yaml:"dir" doc:"Also write everything as static files here."`
	Hub      value[string] `yaml:"hub" default:"builtin" doc:"WebSub: builtin, the URL of a hub, or off."`
}

type testSpec struct {
	spot

	Item   testItemSpec    `yaml:"item" doc:"What to test."`
	Topics []value[string] `yaml:"topics" doc:"It must be in exactly these; with not, in each of these."`
	In     []value[string] `yaml:"in" doc:"It must be in each of these, whatever else it is in."`
	Not    []value[string] `yaml:"not" doc:"It must be in none of these."`
}

type testItemSpec struct {
	Title    value[string]   `yaml:"title" doc:"Plain text."`
	Summary  value[string]   `yaml:"summary" doc:"Plain text."`
	Text     value[string]   `yaml:"text" doc:"Plain text."`
	URL      value[string]   `yaml:"url" doc:"Address of the item."`
	Author   value[string]   `yaml:"author" doc:"Name."`
	Source   value[string]   `yaml:"source" doc:"Name of a source; one of yours brings its tags and topics."`
	Language value[string]   `yaml:"language" doc:"BCP 47 tag."`
	Labels   []value[string] `yaml:"labels" doc:"Categories that the source put on it."`
}

// A spot is where a group of keys stands.
type spot struct{ at place }

func (s *spot) stand(at place) { s.at = at }

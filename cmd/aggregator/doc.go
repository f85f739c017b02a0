/*
Aggregator reads many feeds and publishes few: it polls the sources named in
aggregator.yaml, files every item under a story (copies of one story are one
story), assigns stories to topics by the words they hold, and serves each topic
as Atom, RSS and JSON Feed.

This page is the tour of the house for those who work in it. What a user sees is
in README.md.

# The values, in order

No story lost; no story twice; nobody harmed (publishers, readers, the host);
simple; fast. Where two pull apart, the earlier one wins.

# Floors and rooms

A room is a package. It imports only from floors below its own; rooms on one
floor do not know one another, but for floor 2, which reads from left to right,
and lang, which its whole floor may ask.
Each foreign library has one door. internal/arrows_test.go holds every arrow
that is allowed, with its reason, and fails on any other.

	4  cmd/aggregator
	3  poll     publish     page     websub     config
	2  fetch  →  dedupe (near)  →  topic  →  store (bolt, redis, storetest)
	1  news     lang     canon     query     schedule     access     quick

	news      the words: Source, Item, Story, Topic, Poll, Decision; decides nothing
	lang      which language a text is in, what the forms of its words have in
	          common, Chinese characters in both scripts
	canon     canonical addresses; safe HTML; plain words; bytes to UTF-8
	query     the language of rules: parse once, match many items
	schedule  cron specs to due moments, spread steadily; knows no clock
	access    who may read what is not for everyone; pure
	quick     a short way past net/http for the plainest of requests, GET of a feed
	fetch     one conditional GET to items and the new Poll record
	dedupe    which story does this item tell: the Index over the log; pure
	near      how alike are two texts: sketches, their features, what was learnt;
	          pure, and dedupe's alone
	topic     which topics is a story in, by which rule and words; pure
	store     remembers: the log, items, stories, the shelf, polls; one step at a
	          time. bolt (a folder, one process) and redis (shared by several) keep
	          its contract, storetest is the contract as tests
	poll      the order of the walk: leases, floors, backoff, the account
	publish   the shelf as Atom, RSS, JSON Feed and OPML; over HTTP and as files
	page      the shelf as web pages that need no script, as far as one may read
	websub    our hub, which tells subscribers what is new, and our subscriptions to
	          the hubs of sources
	config    aggregator.yaml to usable values, or every fault with its place
	quality   measures what becomes of labelled sets, and learns from them; no part
	          of the binary
	demo      sample outlets on loopback; imports no room
	odd       what sites do to those who read them, on loopback, for the tests;
	          imports no room
	feedcheck what is wrong with a document that we published, for the tests;
	          imports no room
	cmd       builds the rooms, hands each its part, waits

# The heart: one log of decisions, one mind that replays it

Deciding is pure; doing is thin. Whatever becomes of an item is a
news.Decision: which item, its fate (known, new, revised, duplicate, dropped),
which story, why, when. The decisions of a site are one append-only log in the
store, in one order. The log is the memory of what was seen, the explanation,
the account and the backup.

dedupe.Index is that log applied to memory. It is changed by nothing else, so
that it is the same after every restart. A batch of polls is kept so (poll,
commit.go and step.go):

	decide   what the items are, at the log's end; in memory, nothing changed
	append   decisions, items, stories, shelf and Poll records: one step, all or nothing
	apply    the decisions that are kept to the Index

One committer does this for the whole process: there are no locks, and an append
that fails leaves memory as it was. A poll that was not kept comes again, for
its validators (ETag, Last-Modified) were not kept either. If somebody else
appended first, the store says ErrBehind: read on, apply, decide again.

Several processes on one Redis are replicas: each has the Index, queue and lobby
of the whole site. They meet in the store alone (store.Shared; poll, share.go):

	claim    the sole right to poll a source, asked for when the lobby would start
	         it; what is kept of the poll ends it, or the claim ends by itself
	tip      where the log ends for us, and which log it is; who follows or decides
	         has the mind, a lock, so that the Index has one owner here too
	lease    the sole right to something else: to file anew, to forget, WebSub
	keepsake what a replica knows of items when the log is lost: it guides what is
	         decided of them until the sources have filled the log again (poll,
	         lost.go)

Known items leave no decision: they cost nothing but the look.

People have the last word: that a telling is split from its story or leads it,
that two stories are one, that a story is hidden, are decisions too (poll and
dedupe, person.go). The Index hears of those that say which story is told; the
rest stands in the story, which no rule and no poll takes it from.

Changed rules file the kept stories anew (poll, refile.go). What becomes of them
is found first; it is written, in steps, while publish stands still, so that a
feed is the old one or the new one. `check --diff` is the first half alone.

# The walk of one item

	schedule.Queue    its source is due
	poll.lobby        its host and its address have room; the job is the source's lease
	store.Claim       among replicas: the sole right to it, many in one round trip
	fetch             If-None-Match; limits; a 304 ends here, as do entries that
	                  stood in the last document just so
	fetch, canon      charset, repair, gofeed; address, HTML and words in one form
	poll.visit        drop: and keep: of the source
	dedupe.Prepare    its keys: GUID, address, title with text; its sketch
	Index.Decide      nominate the tellings that share a key, judge them; else find
	                  those that share rare words, compare sketches, judge
	poll.step         join the story or begin one, in its event; choose its lead
	topic.Filer       file the story, with rule and words
	store.Append      kept, or not at all
	publish, page     GET /topics/china/human-rights.atom
	websub.Hub        to those who subscribed, what began behind their place in the log

What a source's hub sends comes in at websub.Subscriber, and walks on from
fetch.Read. poll does not know who promised it: it is handed a hub's word, polls
rarely while it holds, and says what was missed.

# Words

One word for one thing, in code, messages and pages.

	source      an upstream we are configured to poll
	feed        a document in RSS, Atom or JSON Feed, theirs or ours
	item        one entry of one source's feed, cleaned; immutable
	story       what one or more items tell; what we publish
	telling     an item as its story knows it
	lead, also  the telling that stands for the story; the others
	duplicate   an item judged to tell a story that is already on the shelf
	known       an item seen before, unchanged
	revision    a known item whose title or text changed
	word        of a person: split, merge, pin, hide; a decision like all others
	topic       a named rule, China/Human Rights; label: a category that a source
	            put on an item; tag: a word that the configuration puts on a source
	event       what happened, told by several stories that stay apart
	tier        a source's rank when copies compete; 1 is best
	sketch      the words of an item by which near texts are compared, hashed
	similarity  how much two texts share, in [0, 1]
	key         a hash under which the Index finds an item again
	poll        one visit to one source, and the record of the last one
	floor       what politeness forbids before a moment; backoff is one
	lease       the sole right to something for a while
	replica     one of several processes on one site; claim: its right to a source
	tip         an end of a log, and of which log; follow: to read on behind it
	healing     a lost log is filled again from the sources
	head        of an item: title, summary and the beginning of its text
	rest        a host is left alone that answered 429, or 503 with Retry-After
	outage      no host is in reach: our own network is down, and no source to blame
	gate, line  a limit of a host or an address; the polls that wait at it
	log         the site's decisions in their one order; position: a place in it
	index       the log of the window, applied to memory
	shelf       the stories under each topic, newest first
	archive     stories of a topic in the order they came, closed for good; past: all
	            its archives, and what came since
	filter      narrows a feed, in its address; gone: taken out of a topic
	expire      to forget a story after `retain`
	hub         relays pushes; subscriber: asks for them; callback: where they arrive
	push        what a hub sends; the hub's word: its promise to, with an end
	document    one of our feeds in one format; what WebSub calls a topic

# This package

	main.go              the process
	root.go              the commands, exit statuses, world: what a command sees
	site.go              the rooms of one configuration, built and joined
	run.go               the daemon: serve, watch the files, write the static tree
	control.go           a socket by which commands ask the daemon that has the folder;
	                     on Redis they open the store themselves
	poll.go, live.go     one pass; the table on a terminal
	person.go, find.go   a person's word; what is meant by a name
	decided.go, event.go what explain tells of decisions, and of other stories
	compare.go           two items beside each other
	match.go, diff.go    a query, and a whole file, tried on the kept past
	search.go            a query tried for the pages
	check.go, read.go, explain.go, opml.go, storecmd.go, health.go, demo.go
	                     a command or a few each
	websub.go, turn.go   the hub and the subscriptions, joined to the rest; by turns
	                     where there are replicas
	metrics.go, pushmetrics.go, log.go
	                     what monitoring reads
	memory.go            a soft limit that grows with the site

# Where to begin reading

internal/news top to bottom: it is short, and it is the vocabulary. Then
dedupe/judge.go (what is "the same"), poll/step.go (what becomes of a visit),
store/store.go (what is promised), and here site.go (how all is joined). Each
room's first comment says how to read the rest of it.

To add a rule of "the same", begin with a case in dedupe's tests, and read what
it does to the labelled sets (make quality; docs/quality.md); a repair of
broken feeds, with a document in fetch's testdata; a key of the configuration,
with a good and a bad file in config's; a store, with storetest.
*/
package main

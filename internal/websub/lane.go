package websub

// Deliveries run in two lanes, so that the dead and the slow delay nobody. In
// the fast one are those who took the last delivery well, or never had one. Who
// takes longer than `slowAfter` gives its place there to the next, and ends in
// the slow lane, where those begin who failed last time, and those whose host
// failed `troubled` times in a row.
const (
	fastLane, fastPerHost = 64, 8
	slowLane, slowPerHost = 64, 2
	troubled              = 4
	// mostSlow is of deliveries that came from the fast lane, too: beyond it the
	// slowest are given up at once.
	mostSlow = 512
)

// A lane is who waits for a place, host by host in turn.
type lane struct {
	most, perHost int
	running       int
	hosts         map[string]*queue
	turn          []*queue // that have somebody waiting and room
}

// A queue is of one host.
type queue struct {
	host    string
	waiting []*subscription
	running int
	inTurn  bool
}

func newLane(most, perHost int) lane {
	return lane{most: most, perHost: perHost, hosts: map[string]*queue{}}
}

// wait puts a subscription at the end of its host's queue.
func (l *lane) wait(s *subscription) {
	q := l.hosts[s.host]
	if q == nil {
		q = &queue{host: s.host}
		l.hosts[s.host] = q
	}
	q.waiting = append(q.waiting, s)
	l.line(q)
}

// line gives a host its turn, if it has a use for it.
func (l *lane) line(q *queue) {
	if !q.inTurn && len(q.waiting) > 0 && q.running < l.perHost {
		q.inTurn = true
		l.turn = append(l.turn, q)
	}
	if len(q.waiting)+q.running == 0 && !q.inTurn {
		delete(l.hosts, q.host)
	}
}

// next is who may begin now; nil if nobody may.
func (l *lane) next() *subscription {
	if l.running >= l.most || len(l.turn) == 0 {
		return nil
	}
	q := l.turn[0]
	l.turn = l.turn[1:]
	q.inTurn = false
	s := q.waiting[0]
	q.waiting = q.waiting[1:]
	l.take(q)
	l.line(q)
	return s
}

func (l *lane) take(q *queue) { q.running, l.running = q.running+1, l.running+1 }

// join counts a delivery that began elsewhere.
func (l *lane) join(host string) {
	q := l.hosts[host]
	if q == nil {
		q = &queue{host: host}
		l.hosts[host] = q
	}
	l.take(q)
}

// leave gives a place back.
func (l *lane) leave(host string) {
	q := l.hosts[host]
	q.running, l.running = q.running-1, l.running-1
	l.line(q)
}

package websub

import "context"

// Lost says that the store's log is another one than before, and that what was
// kept of subscriptions may be gone: it is kept again, and who was on the old log
// is told of what comes behind the end of this one.
func (h *Hub) Lost(ctx context.Context) error {
	end, err := h.store.At(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.running {
		return nil
	}
	h.tail = tail{end: end}
	h.bodies.clear()
	for _, s := range h.subs {
		h.keep.put(hubMark+s.id, s.agreed.String())
		h.settle(s, progress{cursor: end})
	}
	return nil
}

// Lost says that what was kept may be gone: it is kept again.
func (s *Subscriber) Lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for source, w := range s.wishes {
		s.keep.put(subMark+source, w.String())
	}
}

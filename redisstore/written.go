package redisstore

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/internal/encrypt"
)

// Beside each value stands, under the name "written", the fence of the last write or
// removal, authenticated as records are. A value of an earlier fence was put back, and a
// value that proves nothing about its writer is not from before the update.
//
// Both can be put back together by somebody who may write everything; then this process
// still knows the highest fence that it has seen itself.

// mark returns what stands in written after a write under fence.
func (s *Store) mark(key string, fence int64) (string, error) {
	text := strconv.FormatInt(fence, 10)
	a, err := s.key.Authenticate(markMessage(key, text))
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(a)
	return text + " " + string(data), err
}

// markedFence is the fence in what stands in written; 0 if nobody who may has written it.
func (s *Store) markedFence(key, mark string) int64 {
	text, data, _ := strings.Cut(mark, " ")
	var a encrypt.Authenticator
	if len(mark) > maxMark || json.Unmarshal([]byte(data), &a) != nil || !s.key.Verify(markMessage(key, text), a) {
		return 0
	}
	fence, err := strconv.ParseInt(text, 10, 64)
	if err != nil || fence < 0 {
		return 0
	}
	return fence
}

// foreignMark stands for something that is no text.
const foreignMark = "?"

// maxMark bounds what stands in written, in bytes: a public key and 65 MACs.
const maxMark = 8 << 10

func markMessage(key, fence string) []byte {
	return encrypt.Message("ssoexchange-state written", key, fence)
}

// fences are the highest fences that this process has seen in authenticated records.
type fences struct {
	mu      sync.Mutex
	highest map[string]int64
}

func (f *fences) get(key string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.highest[key]
}

// raise notes a fence, if it is higher than what was noted, and returns the highest.
func (f *fences) raise(key string, fence int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.highest == nil {
		f.highest = make(map[string]int64)
	}
	if fence > f.highest[key] {
		f.highest[key] = fence
	}
	return f.highest[key]
}

// accept decrypts v and decides whether it is the record of key, or was put there in its
// place.
func (s *Store) accept(key string, v value) ([]byte, error) {
	r, err := s.key.Decrypt(key, v.data)
	if err != nil {
		return nil, err
	}
	marked := s.markedFence(key, v.mark)
	switch {
	case !r.Authenticated && (v.mark != "" || s.highest.get(key) > 0):
		return nil, encrypt.ErrForged
	case !r.Authenticated && r.Fence != v.fence:
		return nil, encrypt.ErrMoved // an older value in the newer one's place
	case r.Authenticated && r.Fence < marked:
		return nil, encrypt.ErrOutdated
	case r.Authenticated:
		return s.newest(key, v, r)
	}
	s.seen.put(key, v)
	return r.Data, nil
}

// newest returns the data of r, or of the later record that this process has seen: after
// a fail-over, Redis may have forgotten the last write.
func (s *Store) newest(key string, v value, r encrypt.Record) ([]byte, error) {
	if s.highest.raise(key, r.Fence) == r.Fence {
		v.fence = r.Fence
		s.seen.put(key, v)
		return r.Data, nil
	}
	known, ok := s.seen.get(key)
	if !ok || known.fence != s.highest.get(key) {
		return nil, encrypt.ErrOutdated
	}
	s.log.Warn("state_store_outdated_value", "key", key, "fence", r.Fence, "known", known.fence)
	later, err := s.key.Decrypt(key, known.data)
	return later.Data, err
}

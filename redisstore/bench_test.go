package redisstore_test

import (
	"bytes"
	"testing"

	"github.com/ssoexchange/ssoexchange/redisstore"
)

// The benchmarks need a redis-server: the simulated one would measure itself.
//
//	go test -run '^$' -bench . -benchmem ./redisstore ./filestore

// session is as large as the record of an Okta identity with its cookies.
var session = bytes.Repeat([]byte("0123456789abcdef"), 256)

func benchStore(b *testing.B) *redisstore.Store {
	binary := realRedis(b)
	if binary == "" {
		b.Fatal("no redis-server on the PATH")
	}
	return open(b, started(b, binary, "--appendonly", "no").url(), redisstore.Options{})
}

func BenchmarkLoad(b *testing.B) {
	s := benchStore(b)
	save(b, s, recordKey, session)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Load(b.Context(), recordKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSave(b *testing.B) {
	s := benchStore(b)
	lease := acquire(b, s, recordKey)
	defer lease.Release()
	b.ReportAllocs()
	for b.Loop() {
		if err := lease.Save(b.Context(), session); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLease(b *testing.B) {
	s := benchStore(b)
	b.ReportAllocs()
	for b.Loop() {
		acquire(b, s, recordKey).Release()
	}
}

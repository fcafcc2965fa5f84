//go:build race

package sso_test

// raceDetector tells the longest tests that everything takes ten times as long.
const raceDetector = true

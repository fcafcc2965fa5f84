//go:build race

package main

// raceDetector needs more address space than a script may allow the command.
const raceDetector = true

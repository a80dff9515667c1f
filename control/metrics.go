package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"codeoceanfs/remote/fault"
)

// metricsPrefix begins the names of our own metrics.
const metricsPrefix = "codeoceanfs"

// Metrics are the numbers of a mount, for control/stats and for Prometheus: all
// of status.json, each by its path there, as codeoceanfs_catalog_assets, and the
// operations by their kind. They hold no name of anything. A nil Metrics counts
// nothing. Its methods are safe for concurrent use.
type Metrics struct {
	own, all *prometheus.Registry
	took     *prometheus.HistogramVec
	status   atomic.Pointer[func() Status]
}

// operationBuckets are in seconds, from memory to the longest budget.
var operationBuckets = []float64{.0005, .002, .01, .03, .1, .3, 1, 3, 10, 30, 60, 600}

// NewMetrics makes the metrics of a mount that is to come: see Of.
func NewMetrics() *Metrics {
	m := &Metrics{
		own: prometheus.NewRegistry(), all: prometheus.NewRegistry(),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: metricsPrefix, Name: "operation_seconds", Buckets: operationBuckets,
			Help: "Time that operations of the kernel took, by what they were; those answered from memory without waiting are not all counted.",
		}, []string{"op"}),
	}
	m.own.MustRegister(m.took, (*statusCollector)(m))
	m.all.MustRegister(m.took, (*statusCollector)(m), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Of sets whose numbers these are: status is called for each look at them.
func (m *Metrics) Of(status func() Status) {
	if m != nil {
		m.status.Store(&status)
	}
}

// Operation counts an operation that has ended.
func (m *Metrics) Operation(op string, took time.Duration) {
	if m != nil {
		m.took.WithLabelValues(op).Observe(took.Seconds())
	}
}

// Text is what control/stats shows: Prometheus' own format, of the mount alone.
func (m *Metrics) Text() ([]byte, error) {
	families, err := m.own.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather the metrics: %w", err)
	}
	var b bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			return nil, fmt.Errorf("write the metrics: %w", err)
		}
	}
	return b.Bytes(), nil
}

// Handler answers Prometheus, also about the process.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.all, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// statusCollector gives the numbers of the status.
type statusCollector Metrics

// Describe sends nothing: which numbers there are is the status's own affair.
func (c *statusCollector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the numbers. Their type is not told: whether one only grows is
// in what its field's comment says.
func (c *statusCollector) Collect(out chan<- prometheus.Metric) {
	status := c.status.Load()
	if status == nil {
		return
	}
	s := (*status)()
	tree, err := numbers(s)
	if err != nil {
		out <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	flatten(metricsPrefix, tree, func(name string, value float64) {
		desc := prometheus.NewDesc(name, "As in control/status.json.", nil, nil)
		out <- prometheus.MustNewConstMetric(desc, prometheus.UntypedValue, value)
	})
	types := make(map[string]int) // the platform's text, as a label must be
	for typ, n := range s.Catalog.ByType {
		types[fault.Quote(typ)] += n
	}
	byType := prometheus.NewDesc(metricsPrefix+"_catalog_by_type", "Assets that are known, by type.", []string{"type"}, nil)
	for typ, n := range types {
		out <- prometheus.MustNewConstMetric(byType, prometheus.GaugeValue, float64(n), typ)
	}
	started := prometheus.NewDesc(metricsPrefix+"_started_seconds", "When the mount was made, as a Unix time.", nil, nil)
	out <- prometheus.MustNewConstMetric(started, prometheus.GaugeValue, float64(s.Started.Unix()))
}

// numbers are the numbers of the status as a tree.
func numbers(s Status) (map[string]any, error) {
	raw, err := s.JSON()
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, fmt.Errorf("read the status: %w", err)
	}
	tree["hidden"] = float64(s.Hidden.Count) // and no names of files
	delete(tree, "pid")                      // a name, too
	if catalog, ok := tree["catalog"].(map[string]any); ok {
		delete(catalog, "by_type") // not ours: a label, and no name
	}
	return tree, nil
}

func flatten(name string, value any, emit func(name string, value float64)) {
	switch v := value.(type) {
	case float64:
		emit(name, v)
	case bool:
		n := 0.0
		if v {
			n = 1
		}
		emit(name, n)
	case map[string]any:
		for key, value := range v {
			flatten(name+"_"+strings.ToLower(key), value, emit)
		}
	}
}

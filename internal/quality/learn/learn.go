// Package learn makes a [near.Model] out of labelled pairs: a logistic
// regression first, then small trees that mend where it errs (gradient boosting
// from its margin). The same rows give the same model.
package learn

import (
	"math"

	"aggregator/internal/near"
)

// A Row is a pair of items, and whether they are the same.
type Row struct {
	near.Features
	Same   bool
	Weight float64
}

// Options of learning.
type Options struct {
	Ridge     float64 // how dear weights are, of standardised features
	Trees     int
	Rate      float64 // what each tree adds of its leaves
	Leaf      float64 // the least weight of rows in a leaf
	Smooth    float64 // how dear leaves are
	Rows      float64 // share of the rows that each tree sees
	Features  float64 // … of the features
	Threshold float32
}

// Model is learnt from rows.
func Model(rows []Row, o Options) near.Model {
	m := near.Model{Threshold: o.Threshold}
	m.Bias, m.Weights = regress(rows, o.Ridge)
	m.Trees = boost(rows, &m, o)
	return m
}

const features = len(near.FeatureNames)

// regress is a logistic regression by Newton's method on standardised features.
func regress(rows []Row, ridge float64) (bias float32, weights []float32) {
	mean, scale := moments(rows)
	var w [features + 1]float64
	for range 25 {
		gradient, hessian := slopes(rows, &mean, &scale, &w)
		for i := range features {
			gradient[i] += ridge * w[i]
			hessian[i][i] += ridge
		}
		hessian[features][features] += 1e-6
		step := solve(hessian, gradient)
		largest := 0.0
		for i := range w {
			w[i] -= step[i]
			largest = max(largest, math.Abs(step[i]))
		}
		if largest < 1e-6 {
			break
		}
	}
	weights, b := make([]float32, features), w[features]
	for i := range weights {
		weights[i] = float32(w[i] / scale[i])
		b -= w[i] * mean[i] / scale[i]
	}
	return float32(b), weights
}

func moments(rows []Row) (mean, scale [features]float64) {
	total := 0.0
	for _, r := range rows {
		total += r.Weight
		for i, v := range r.Features {
			mean[i] += r.Weight * float64(v)
			scale[i] += r.Weight * float64(v) * float64(v)
		}
	}
	for i := range mean {
		mean[i] /= total
		scale[i] = math.Sqrt(max(scale[i]/total-mean[i]*mean[i], 0))
		if scale[i] < 1e-9 {
			scale[i] = 1
		}
	}
	return mean, scale
}

func slopes(rows []Row, mean, scale *[features]float64, w *[features + 1]float64) (gradient [features + 1]float64, hessian [features + 1][features + 1]float64) {
	var x [features + 1]float64
	x[features] = 1
	for _, r := range rows {
		z := w[features]
		for i, v := range r.Features {
			x[i] = (float64(v) - mean[i]) / scale[i]
			z += w[i] * x[i]
		}
		p := logistic(z)
		d, h := r.Weight*(p-is(r.Same)), r.Weight*p*(1-p)
		for i := range x {
			gradient[i] += d * x[i]
			for j := 0; j <= i; j++ {
				hessian[i][j] += h * x[i] * x[j]
			}
		}
	}
	for i := range x {
		for j := range i {
			hessian[j][i] = hessian[i][j]
		}
	}
	return gradient, hessian
}

// solve is Gauss's elimination of a positive definite system.
func solve(a [features + 1][features + 1]float64, b [features + 1]float64) [features + 1]float64 {
	for i := range a {
		for j := i + 1; j < len(a); j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < len(a); k++ {
				a[j][k] -= f * a[i][k]
			}
			b[j] -= f * b[i]
		}
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := i + 1; k < len(a); k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

const kind = "BenchWidget"

var groupVersion = schema.GroupVersion{Group: "bench.keystone.io", Version: "v1alpha1"}

// BenchWidget is the kind of ../widget.ts, as Go sees it.
type BenchWidget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              WidgetSpec   `json:"spec"`
	Status            WidgetStatus `json:"status,omitempty"`
}

// WidgetSpec is what a user asks for. Its fields are in the order in which the API server serves them, so that the JSON is the
// same on both sides, and with it the hash.
type WidgetSpec struct {
	Revision int64  `json:"revision"`
	Text     string `json:"text"`
}

// WidgetStatus is what the controller says.
type WidgetStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// BenchWidgetList is a page of them.
type BenchWidgetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BenchWidget `json:"items"`
}

// DeepCopyObject is what every kind needs.
func (w *BenchWidget) DeepCopyObject() runtime.Object {
	copied := *w
	w.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	copied.Status.Conditions = make([]metav1.Condition, len(w.Status.Conditions))
	for i := range w.Status.Conditions {
		w.Status.Conditions[i].DeepCopyInto(&copied.Status.Conditions[i])
	}
	return &copied
}

// DeepCopyObject is what every list needs.
func (l *BenchWidgetList) DeepCopyObject() runtime.Object {
	copied := *l
	l.ListMeta.DeepCopyInto(&copied.ListMeta)
	copied.Items = make([]BenchWidget, len(l.Items))
	for i := range l.Items {
		copied.Items[i] = *l.Items[i].DeepCopyObject().(*BenchWidget)
	}
	return &copied
}

func addToScheme(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(groupVersion, &BenchWidget{}, &BenchWidgetList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
}

// widgetStatusApply is what a server-side apply of the status sends.
type widgetStatusApply struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`
	Status                                 WidgetStatus `json:"status"`
}

func (*widgetStatusApply) IsApplyConfiguration() {}

func (w *widgetStatusApply) GetKind() *string       { return w.Kind }
func (w *widgetStatusApply) GetAPIVersion() *string { return w.APIVersion }
func (w *widgetStatusApply) GetName() *string       { return w.Name }
func (w *widgetStatusApply) GetNamespace() *string  { return w.Namespace }

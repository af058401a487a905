package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// The marks that our engine puts on children; the twin's objects are as large.
const (
	controllerLabel  = "keystone.io/controller"
	controllerName   = "bench"
	ownerUIDLabel    = "keystone.io/owner-uid"
	ownerAnnotation  = "keystone.io/owner"
	intentAnnotation = "keystone.io/applied-intent"
	fieldOwner       = client.FieldOwner("keystone-bench")
	// Fits no object: an apply that expects it creates, or fails on what is there.
	neverServed = "1"
)

// reconciler does what ../controller.ts does.
type reconciler struct {
	client client.Client
	// Set where the twin gives the same guarantees as our engine: before a write the owner is looked at past the cache, what
	// the cache does not hold is made only if nobody else has made it, and a status that becomes Ready is told as an event.
	guards *guards
}

type guards struct {
	live     client.Reader
	recorder events.EventRecorder
}

func (r *reconciler) setup(mgr ctrl.Manager, workers int) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&BenchWidget{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&corev1.ConfigMap{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
}

// Reconcile brings the ConfigMap in line and says so in the status; what is in line already costs no call.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	widget := &BenchWidget{}
	if err := r.client.Get(ctx, request.NamespacedName, widget); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if widget.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	hash, err := r.keepHash(ctx, widget)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.sayStatus(ctx, widget, hash)
}

func (r *reconciler) keepHash(ctx context.Context, widget *BenchWidget) (string, error) {
	spec, err := json.Marshal(widget.Spec)
	if err != nil {
		return "", err
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(spec))
	desired := render(widget, hash)
	intent, err := digest(desired)
	if err != nil {
		return "", err
	}
	desired.WithAnnotations(map[string]string{intentAnnotation: intent})
	held := &corev1.ConfigMap{}
	err = r.client.Get(ctx, client.ObjectKey{Namespace: widget.Namespace, Name: *desired.Name}, held)
	if err == nil && inLine(held, desired) {
		return hash, nil
	}
	if client.IgnoreNotFound(err) != nil {
		return "", err
	}
	if r.guards != nil {
		if apierrors.IsNotFound(err) {
			desired.WithResourceVersion(neverServed)
		}
		if err := r.guards.confirm(ctx, widget); err != nil {
			return "", err
		}
	}
	return hash, r.client.Apply(ctx, desired, fieldOwner, client.ForceOwnership)
}

func render(widget *BenchWidget, hash string) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap("widget-"+widget.Name, widget.Namespace).
		WithLabels(map[string]string{
			"app.kubernetes.io/managed-by": "keystone-operator",
			controllerLabel:                controllerName,
			ownerUIDLabel:                  string(widget.UID),
		}).
		WithAnnotations(map[string]string{ownerAnnotation: kind + " " + widget.Namespace + "/" + widget.Name}).
		WithOwnerReferences(metav1ac.OwnerReference().
			WithAPIVersion(groupVersion.String()).WithKind(kind).WithName(widget.Name).WithUID(widget.UID).
			WithController(true).WithBlockOwnerDeletion(false)).
		WithData(map[string]string{"hash": hash})
}

// digest names what is asked for, by the same rule as our engine: the fields are in the order of their names. So each side finds
// in line what the other one made, and the benchmark proves with it that both do the same.
func digest(desired *corev1ac.ConfigMapApplyConfiguration) (string, error) {
	owner := desired.OwnerReferences[0]
	text, err := json.Marshal(struct {
		Data     map[string]string `json:"data"`
		Metadata any               `json:"metadata"`
	}{desired.Data, struct {
		Annotations     map[string]string `json:"annotations"`
		Labels          map[string]string `json:"labels"`
		Name            *string           `json:"name"`
		Namespace       *string           `json:"namespace"`
		OwnerReferences any               `json:"ownerReferences"`
	}{desired.Annotations, desired.Labels, desired.Name, desired.Namespace, []any{struct {
		APIVersion         *string    `json:"apiVersion"`
		BlockOwnerDeletion *bool      `json:"blockOwnerDeletion"`
		Controller         *bool      `json:"controller"`
		Kind               *string    `json:"kind"`
		Name               *string    `json:"name"`
		UID                *types.UID `json:"uid"`
	}{owner.APIVersion, owner.BlockOwnerDeletion, owner.Controller, owner.Kind, owner.Name, owner.UID}}}})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22], nil
}

// inLine tells whether everything that is asked for is there.
func inLine(held *corev1.ConfigMap, desired *corev1ac.ConfigMapApplyConfiguration) bool {
	return held.DeletionTimestamp == nil && contains(held.Labels, desired.Labels) && contains(held.Annotations, desired.Annotations) &&
		contains(held.Data, desired.Data) && len(held.OwnerReferences) == 1 && held.OwnerReferences[0].UID == *desired.OwnerReferences[0].UID
}

func contains(held, wanted map[string]string) bool {
	for key, value := range wanted {
		if held[key] != value {
			return false
		}
	}
	return true
}

// confirm reads past the cache what a decision must not be wrong about.
func (g *guards) confirm(ctx context.Context, widget *BenchWidget) error {
	live := &BenchWidget{}
	if err := g.live.Get(ctx, client.ObjectKeyFromObject(widget), live); err != nil {
		return err
	}
	if live.UID != widget.UID || live.Generation != widget.Generation || live.DeletionTimestamp != nil ||
		!equality.Semantic.DeepEqual(live.Status, widget.Status) {
		return fmt.Errorf("%s was changed meanwhile", widget.Name)
	}
	return nil
}

func (r *reconciler) sayStatus(ctx context.Context, widget *BenchWidget, hash string) error {
	status := WidgetStatus{ObservedGeneration: widget.Generation}
	for _, existing := range widget.Status.Conditions {
		status.Conditions = append(status.Conditions, *existing.DeepCopy())
	}
	wasReady := meta.IsStatusConditionTrue(status.Conditions, "Ready")
	for _, verdict := range [...][3]string{
		{"Ready", "Kept", "The hash is kept"},
		{"Hashed", "Kept", "The hash is " + hash[:12]},
		{"Stored", "Kept", "A ConfigMap holds the hash"},
	} {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: verdict[0], Status: metav1.ConditionTrue, Reason: verdict[1], Message: verdict[2], ObservedGeneration: widget.Generation,
		})
	}
	if equality.Semantic.DeepEqual(status, widget.Status) {
		return nil
	}
	apply := &widgetStatusApply{
		TypeMetaApplyConfiguration:   *metav1ac.TypeMeta().WithAPIVersion(groupVersion.String()).WithKind(kind),
		ObjectMetaApplyConfiguration: metav1ac.ObjectMeta().WithName(widget.Name).WithNamespace(widget.Namespace).WithResourceVersion(widget.ResourceVersion),
		Status:                       status,
	}
	if err := r.client.Status().Apply(ctx, apply, fieldOwner, client.ForceOwnership); err != nil {
		return client.IgnoreNotFound(err)
	}
	if r.guards != nil && !wasReady {
		r.guards.recorder.Eventf(widget, nil, corev1.EventTypeNormal, "Kept", "Reconcile", "The hash is kept")
	}
	return nil
}

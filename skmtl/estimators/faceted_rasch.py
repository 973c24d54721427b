"""FacetedRasch: items measured free of the severity of those who judged them."""

from dataclasses import dataclass

from skmtl._storable import storable
from skmtl.models import with_inherited_docs
from skmtl.models.rasch import RaschEstimator


@storable
@with_inherited_docs()
@dataclass(kw_only=True, eq=False, repr=False)
class FacetedRasch(RaschEstimator):
    r"""Measures of items that several raters have judged on several ordinal questions.

    Raters differ: what one calls harmless another calls harmful. Averages of their ratings mix
    what an item is with who happened to judge it. Faceted Rasch measurement puts items, raters
    and questions on one scale, in logits: the probability that rater r answers question q about
    item i with more than level k is

    .. math:: \sigma(\theta_i - \xi_r - \tau_{qk}),

    with the measure :math:`\theta` of the item, the severity :math:`\xi` of the rater and the
    thresholds :math:`\tau` of the question. Here the measure also depends on features of the item,
    so items that nobody has judged are measured too: :math:`\theta_i = x_i^\top \beta + u_i`,
    where :math:`u_i` is what the features do not say of an item, known from its ratings.

    Parameters
    ----------
    rater_column : label or int, default="rater"
        Column of X, by name or position, that says who judged. It is not a feature, and it may be
        missing once the model is fitted: measures and predictions are those of a rater of
        severity 0.
    item_column : label or int, default=None
        Column of X, by name or position, that says which item was judged. Ratings of one item
        then have :math:`u_i` in common. None leaves it out: items differ by their features alone.
    tasks : str, Kind, or mapping of question to str or Kind, default=None
        What the questions are. All are "ordinal", and need numbers or ordered categories; text
        needs an instance such as ``Ordinal(order=["no", "a bit", "yes"])``.
    alpha : float or "auto", default="auto"
        Strength of the ridge penalty on the coefficients of standardised features, as in
        `MultiTaskLinear`. "auto" takes the one that makes the ratings most likely (empirical
        Bayes), which needs no held-out rows.
    severity_scale : float or "auto", default="auto"
        Standard deviation of the severities in the population of raters, towards whose mean
        they are shrunk: the fewer ratings a rater has, the more. "auto" estimates it in the
        same way. ``numpy.inf`` shrinks nothing, as the programs of the field do. Shrinkage
        matters where raters have few ratings or do not judge items at random: without it the
        severity of a rater takes up whatever sets the rater's items apart.
    verbose : int, default=0
        1: `fit` prints a line for each step of the estimation. 0: it prints nothing.

    Attributes
    ----------
    severity_ : DataFrame of shape (n_raters, 5)
        By rater: "severity" in logits, its "standard_error", "n_ratings", "infit" and "outfit".
        Severities sum to zero. A positive one is of a rater who answers with lower levels.
    difficulty_ : DataFrame of shape (n_questions, 5)
        The same by question: "difficulty" is the mean of its thresholds.
    thresholds_ : DataFrame of shape (n_thresholds, 2)
        By question and level: the measure, "threshold", at which a rater of severity 0 answers
        with this level or a higher one as often as with a lower one; and its "standard_error".
    coef_ : DataFrame of shape (n_parts, 2)
        Change of the measure by one unit of each feature, "coefficient", with "standard_error";
        parts of features are named as by `MultiTaskLinear`.
    item_scale_ : float
        Standard deviation of :math:`u_i`; 0 without `item_column`.
    severity_scale_ : float
        Standard deviation of the severities: `severity_scale`, or its estimate.
    task_names_ : list
        Names of the questions.
    task_kinds_ : dict
        Kind of each question by name.
    event_names_ : list
        Empty: no question is a time to an event.
    last_epoch_ : dict
        The mean loss of a rating, for callbacks: see `skmtl.callbacks`.
    classes_ : ndarray or list of ndarray
        Levels of each question; one array where y was 1-D.
    fit_time_ : float or None
        Seconds that `fit` took; None if the model comes from a file that does not have it.
    n_features_in_ : int
        Number of columns of X without that of the raters.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of these columns, where all of them are strings.

    See Also
    --------
    MultiTaskLinear : Linear models without raters.

    Notes
    -----
    *Identification:* severities sum to zero, and the measure is 0 at the mean row of `fit` with
    :math:`u = 0`; difficulties are free. Nothing else has to be fixed.

    *Estimation* is marginal maximum likelihood: :math:`u_i` is normal and integrated out by
    adaptive Gauss-Hermite quadrature with 15 nodes, so that few ratings per item do not bias
    severities, as joint maximum likelihood would. Newton's method uses the exact observed
    information (Louis 1982), whose inverse has the standard errors; with penalties these are
    standard deviations of the posterior. Prior variances are estimated by MacKay's fixed point.
    Cumulative logits are used (Samejima's graded responses with equal slopes), as in
    `skmtl.tasks.Ordinal`; questions of two levels are the Rasch model itself. Programs with
    adjacent logits, such as Facets, have the same facets with other thresholds.

    *Fit statistics* are mean squares with an expectation of 1. With the expectation E and the
    variance V of a rating y, outfit is the mean of :math:`(y - E)^2 / V`, and infit is the sum of
    :math:`(y - E)^2` over the sum of V, in which ratings near the thresholds have more weight and
    outliers less. Both are averaged over the posterior of :math:`u_i`. Values above 1 are of
    raters who answer more erratically than the model expects, below 1 of raters who answer more
    evenly; 0.5 to 1.5 is a usual range.

    *Missing ratings* are left out; a design in which each rater judges some items suffices, if
    items link the raters. `fit` warns of sets of raters that have no item in common.

    `predict` and `predict_proba` say what a rater of severity 0 would answer at the measure of the
    item. Time grows with the number of ratings, and with the square of the number of raters and
    thresholds times that of items.

    References
    ----------
    J. M. Linacre, "Many-Facet Rasch Measurement", MESA Press, 1989.

    F. Samejima, "Estimation of Latent Ability Using a Response Pattern of Graded Scores",
    Psychometrika Monograph 17, 1969.

    T. A. Louis, "Finding the Observed Information Matrix When Using the EM Algorithm", Journal of
    the Royal Statistical Society B 44 (1982), 226-233.

    D. J. C. MacKay, "Bayesian Interpolation", Neural Computation 4 (1992), 415-447.

    B. D. Wright, G. N. Masters, "Rating Scale Analysis", MESA Press, 1982 (infit, outfit).

    C. J. Kennedy, G. Bacon, A. Sahn, C. von Vacano, "Constructing Interval Variables via Faceted
    Rasch Measurement and Multitask Deep Learning", arXiv:2009.10277, 2020.

    Examples
    --------
    >>> from skmtl import FacetedRasch
    >>> from skmtl.datasets import make_ratings
    >>> X, Y, truth = make_ratings(200, n_raters=10, random_state=0, return_truth=True)
    >>> model = FacetedRasch(item_column="item").fit(X, Y)
    >>> bool(model.severity_["severity"].corr(truth.severity) > 0.95)
    True
    >>> items = X.drop(columns="rater").drop_duplicates()
    >>> model.measure(items).columns.tolist()
    ['measure', 'standard_error']
    """

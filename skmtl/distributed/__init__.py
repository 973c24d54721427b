"""One model from several processes or machines.

Within `data_parallel`, networks are trained by all processes started by ``torchrun``, each on its
part of every batch::

    from skmtl import MultiTab
    from skmtl.distributed import data_parallel

    with data_parallel() as processes:
        model = MultiTab(batch_size=4096, random_state=0).fit(X, y)
    if processes.rank == 0:
        model.save("model.skmtl")

`fit_with_dask` fits `skmtl.RMTGB` on the workers of a Dask cluster, each with its own rows::

    from skmtl import RMTGB
    from skmtl.distributed import fit_with_dask

    model = fit_with_dask(RMTGB(task_column="shop"), dask_frame, y="sales")

``docs/scaling.md`` says when they pay off, and how to score and search on clusters, which does not
need this package.
"""

from skmtl.distributed._dask_boosting import fit_with_dask
from skmtl.distributed._data_parallel import data_parallel

__all__ = ["data_parallel", "fit_with_dask"]

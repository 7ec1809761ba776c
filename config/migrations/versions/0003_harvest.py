"""The harvest: reconciliation, stewards, states and notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _allowances_approvals_and_deeds()
    _faults_and_states()
    _notices()
    _tombstones_trials_and_uploads()
    _columns()


def _allowances_approvals_and_deeds() -> None:
    op.create_table('allowances',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('spent', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_allowances'))
    )
    op.create_table('approvals',
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('approved', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('feed', 'fingerprint', name=op.f('pk_approvals'))
    )
    op.create_table('deeds',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('deed', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_deeds'))
    )
    with op.batch_alter_table('deeds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deeds_subject'), ['subject'], unique=False)


def _faults_and_states() -> None:
    op.create_table('faults',
    sa.Column('dataset', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('column', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_run', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('dataset', 'reason', 'column', name=op.f('pk_faults'))
    )
    op.create_table('feed_states',
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('late', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stale', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told', sa.Text(), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('feed', name=op.f('pk_feed_states'))
    )


def _notices() -> None:
    op.create_table('notices',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('former', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fault', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_notices'))
    )
    with op.batch_alter_table('notices', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notices_due'), ['due'], unique=False)
        batch_op.create_index(batch_op.f('ix_notices_feed'), ['feed'], unique=False)


def _tombstones_trials_and_uploads() -> None:
    op.create_table('tombstones',
    sa.Column('dataset', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('missed', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('snapshot', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('dataset', 'id', name=op.f('pk_tombstones'))
    )
    op.create_table('trials',
    sa.Column('trial', sa.Text(), nullable=False),
    sa.Column('requested', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('asked', sa.JSON(), nullable=False),
    sa.Column('file', sa.Text(), nullable=True),
    sa.Column('worker', sa.Text(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claims', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('finished', sa.DateTime(timezone=True), nullable=True),
    sa.Column('found', sa.JSON(), nullable=True),
    sa.PrimaryKeyConstraint('trial', name=op.f('pk_trials'))
    )
    op.create_table('uploaded_feeds',
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('file', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('uploaded', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('feed', name=op.f('pk_uploaded_feeds'))
    )


def _columns() -> None:
    with op.batch_alter_table('datasets', schema=None) as batch_op:
        batch_op.add_column(sa.Column('archived', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('snapshots', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lineage', sa.Text(), nullable=True))

    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('inserted', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('updated', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('deleted', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('repairs', sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
        batch_op.add_column(sa.Column('step', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('state', sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
        batch_op.add_column(sa.Column('deaths', sa.Integer(), server_default=sa.text('0'), nullable=False))

"""The tables of people, applications, credentials and usage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _audit_and_people()
    _usage()
    _applications()
    _credentials()


def _audit_and_people() -> None:
    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('who', sa.String(length=320), nullable=False),
    sa.Column('what', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_subject'), ['subject'], unique=False)

    op.create_table('person',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('password', sa.Text(), nullable=True),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('email', name=op.f('uq_person_email'))
    )


def _usage() -> None:
    op.create_table('usage',
    sa.Column('application', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('route', sa.String(length=200), nullable=False),
    sa.Column('requests', sa.BigInteger(), nullable=False),
    sa.Column('refused', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('microseconds', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('application', 'day', 'route', name=op.f('pk_usage'))
    )
    op.create_table('usage_segment',
    sa.Column('id', sa.String(length=200), nullable=False),
    sa.Column('folded', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_segment'))
    )
    with op.batch_alter_table('usage_segment', schema=None) as batch_op:
        batch_op.create_index('ix_usage_segment_folded', ['folded'], unique=False)


def _applications() -> None:
    op.create_table('application',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('owner', sa.String(length=32), nullable=False),
    sa.Column('plan', sa.String(length=64), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['owner'], ['person.id'], name=op.f('fk_application_owner')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_application')),
    sa.UniqueConstraint('name', name=op.f('uq_application_name'))
    )
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_application_owner'), ['owner'], unique=False)


def _credentials() -> None:
    op.create_table('credential',
    sa.Column('kid', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('mac', sa.LargeBinary(length=32), nullable=False),
    sa.Column('pepper', sa.Integer(), nullable=False),
    sa.Column('application', sa.String(length=32), nullable=True),
    sa.Column('person', sa.String(length=32), nullable=True),
    sa.Column('parent', sa.String(length=32), nullable=True),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('scopes', sa.Text(), nullable=True),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['application'], ['application.id'], name=op.f('fk_credential_application')),
    sa.ForeignKeyConstraint(['parent'], ['credential.kid'], name=op.f('fk_credential_parent')),
    sa.ForeignKeyConstraint(['person'], ['person.id'], name=op.f('fk_credential_person')),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_credential'))
    )
    with op.batch_alter_table('credential', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credential_application'), ['application'], unique=False)
        batch_op.create_index(batch_op.f('ix_credential_person'), ['person'], unique=False)

//! Columns in the making: cells in, an Arrow record batch out.

use crate::failure::{Result, defect};
use crate::formats::cell::Cell;
use crate::types::{Texts, UTC, arrow_type, computed_schema};
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, DurationMicrosecondBuilder,
    Float64Builder, Int64Builder, ListArray, MapArray, NullBufferBuilder, StringBuilder, StringViewBuilder, StructArray,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType as ArrowType, FieldRef, Fields, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use flow_plan::{DataType, Field};
use std::sync::Arc;

/// Builders for the fields of a schema.
#[derive(Debug)]
pub struct Columns {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

#[derive(Debug)]
enum Builder {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Text(StringViewBuilder),
    /// A text within a nested value.
    Stored(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Duration(DurationMicrosecondBuilder),
    Decimal(Decimal128Builder),
    Bytes(BinaryBuilder),
    List(FieldRef, Offsets, Box<Builder>),
    Map(FieldRef, Offsets, StringBuilder, Box<Builder>),
    Struct(Fields, NullBufferBuilder, Vec<Builder>, usize),
}

/// Where the elements of each list end, and which lists are none.
#[derive(Debug)]
struct Offsets {
    ends: Vec<i32>,
    elements: usize,
    nulls: NullBufferBuilder,
}

impl Offsets {
    fn new(capacity: usize) -> Self {
        let mut ends = Vec::with_capacity(capacity + 1);
        ends.push(0);
        Offsets { ends, elements: 0, nulls: NullBufferBuilder::new(capacity) }
    }

    /// A list of so many elements, or none.
    fn push(&mut self, elements: Option<usize>) -> Result<()> {
        self.elements += elements.unwrap_or_default();
        self.ends.push(i32::try_from(self.elements).map_err(defect)?);
        self.nulls.append(elements.is_some());
        Ok(())
    }

    fn finish(self) -> (OffsetBuffer<i32>, Option<arrow::buffer::NullBuffer>) {
        let mut nulls = self.nulls;
        (OffsetBuffer::new(ScalarBuffer::from(self.ends)), nulls.finish())
    }
}

impl Columns {
    /// Empty columns with room for `capacity` rows.
    pub fn new(fields: &[Field], capacity: usize) -> Result<Self> {
        let builders = fields
            .iter()
            .map(|field| Builder::new(&field.data_type, Texts::Computed, capacity))
            .collect::<Result<_>>()?;
        Ok(Columns {
            schema: computed_schema(fields),
            builders,
            rows: 0,
        })
    }

    /// Adds a row; `cells` is left empty. A cell that its column cannot hold is a defect of the reader.
    pub fn push(&mut self, cells: &mut [Cell<'_>]) -> Result<()> {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.push(std::mem::replace(cell, Cell::None))?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The rows as a batch.
    pub fn finish(self) -> Result<RecordBatch> {
        let columns = self
            .builders
            .into_iter()
            .map(Builder::finish)
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(self.schema, columns, &options).map_err(defect)
    }
}

impl Builder {
    fn new(data_type: &DataType, texts: Texts, capacity: usize) -> Result<Self> {
        let nested = |data_type| Builder::new(data_type, Texts::Stored, capacity).map(Box::new);
        Ok(match (data_type, arrow_type(data_type, texts)) {
            (DataType::Bool, _) => Builder::Bool(BooleanBuilder::with_capacity(capacity)),
            (DataType::Int, _) => Builder::Int(Int64Builder::with_capacity(capacity)),
            (DataType::Float, _) => Builder::Float(Float64Builder::with_capacity(capacity)),
            (DataType::String | DataType::Json, ArrowType::Utf8View) => {
                Builder::Text(StringViewBuilder::with_capacity(capacity).with_fixed_block_size(1 << 18))
            }
            (DataType::String | DataType::Json, _) => {
                Builder::Stored(StringBuilder::with_capacity(capacity, capacity * 8))
            }
            (DataType::Date, _) => Builder::Date(Date32Builder::with_capacity(capacity)),
            (DataType::Timestamp, _) => {
                Builder::Timestamp(TimestampMicrosecondBuilder::with_capacity(capacity).with_timezone(UTC))
            }
            (DataType::Duration, _) => Builder::Duration(DurationMicrosecondBuilder::with_capacity(capacity)),
            (DataType::Decimal { precision, scale }, _) => {
                let scale = i8::try_from(*scale).map_err(defect)?;
                let builder = Decimal128Builder::with_capacity(capacity)
                    .with_precision_and_scale(*precision, scale)
                    .map_err(defect)?;
                Builder::Decimal(builder)
            }
            (DataType::Bytes, _) => Builder::Bytes(BinaryBuilder::new()),
            (DataType::List { element, .. }, ArrowType::List(field)) => {
                Builder::List(field, Offsets::new(capacity), nested(element)?)
            }
            (DataType::Map { value }, ArrowType::Map(field, _)) => {
                Builder::Map(field, Offsets::new(capacity), StringBuilder::new(), nested(value)?)
            }
            (DataType::Struct { fields }, ArrowType::Struct(arrow)) => {
                let children = fields.iter().map(|field| Builder::new(&field.data_type, Texts::Stored, capacity));
                Builder::Struct(arrow, NullBufferBuilder::new(capacity), children.collect::<Result<_>>()?, 0)
            }
            (other, arrow) => return Err(defect(format_args!("no column of {arrow} for {other:?}"))),
        })
    }

    fn push(&mut self, cell: Cell<'_>) -> Result<()> {
        match (self, cell) {
            (Builder::Bool(builder), Cell::Bool(value)) => builder.append_value(value),
            (Builder::Bool(builder), Cell::None) => builder.append_null(),
            (Builder::Int(builder), Cell::Int(value)) => builder.append_value(value),
            (Builder::Int(builder), Cell::None) => builder.append_null(),
            (Builder::Float(builder), Cell::Float(value)) => builder.append_value(value),
            (Builder::Float(builder), Cell::None) => builder.append_null(),
            (Builder::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (Builder::Text(builder), Cell::None) => builder.append_null(),
            (Builder::Date(builder), Cell::Int(value)) => builder.append_value(i32::try_from(value).map_err(defect)?),
            (Builder::Date(builder), Cell::None) => builder.append_null(),
            (Builder::Timestamp(builder), Cell::Int(value)) => builder.append_value(value),
            (Builder::Timestamp(builder), Cell::None) => builder.append_null(),
            (Builder::Duration(builder), Cell::Int(value)) => builder.append_value(value),
            (Builder::Duration(builder), Cell::None) => builder.append_null(),
            (Builder::Decimal(builder), Cell::Decimal(value)) => builder.append_value(value),
            (Builder::Decimal(builder), Cell::None) => builder.append_null(),
            (Builder::Bytes(builder), Cell::Bytes(value)) => builder.append_value(value),
            (Builder::Bytes(builder), Cell::None) => builder.append_null(),
            (Builder::Stored(builder), Cell::Text(value)) => builder.append_value(value),
            (Builder::Stored(builder), Cell::None) => builder.append_null(),
            (Builder::List(_, offsets, element), Cell::List(cells)) => {
                offsets.push(Some(cells.len()))?;
                for cell in cells {
                    element.push(cell)?;
                }
            }
            (Builder::List(_, offsets, _) | Builder::Map(_, offsets, ..), Cell::None) => offsets.push(None)?,
            (Builder::Map(_, offsets, keys, values), Cell::Map(cells)) => {
                offsets.push(Some(cells.len()))?;
                for (key, cell) in *cells {
                    keys.append_value(key);
                    values.push(cell)?;
                }
            }
            (Builder::Struct(_, nulls, children, rows), Cell::Struct(cells)) => {
                nulls.append_non_null();
                *rows += 1;
                for (child, cell) in children.iter_mut().zip(cells) {
                    child.push(cell)?;
                }
            }
            (Builder::Struct(_, nulls, children, rows), Cell::None) => {
                nulls.append_null();
                *rows += 1;
                for child in children {
                    child.push(Cell::None)?;
                }
            }
            (_, cell) => return Err(defect(format_args!("a cell {cell:?} in a column of another type"))),
        }
        Ok(())
    }

    fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Builder::Bool(mut builder) => Arc::new(builder.finish()),
            Builder::Int(mut builder) => Arc::new(builder.finish()),
            Builder::Float(mut builder) => Arc::new(builder.finish()),
            Builder::Text(mut builder) => Arc::new(builder.finish()),
            Builder::Date(mut builder) => Arc::new(builder.finish()),
            Builder::Timestamp(mut builder) => Arc::new(builder.finish()),
            Builder::Duration(mut builder) => Arc::new(builder.finish()),
            Builder::Decimal(mut builder) => Arc::new(builder.finish()),
            Builder::Bytes(mut builder) => Arc::new(builder.finish()),
            Builder::Stored(mut builder) => Arc::new(builder.finish()),
            Builder::List(field, offsets, element) => {
                let (offsets, nulls) = offsets.finish();
                Arc::new(ListArray::try_new(field, offsets, element.finish()?, nulls).map_err(defect)?)
            }
            Builder::Map(field, offsets, mut keys, values) => {
                let (offsets, nulls) = offsets.finish();
                let ArrowType::Struct(entry) = field.data_type().clone() else {
                    return Err(defect(format_args!("a map of {}", field.data_type())));
                };
                let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), values.finish()?];
                let entries = StructArray::try_new(entry, columns, None).map_err(defect)?;
                Arc::new(MapArray::try_new(field, offsets, entries, nulls, false).map_err(defect)?)
            }
            Builder::Struct(fields, mut nulls, children, rows) => {
                let columns = children.into_iter().map(Builder::finish).collect::<Result<Vec<_>>>()?;
                let nulls = nulls.finish();
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls, rows).map_err(defect)?)
            }
        })
    }
}

